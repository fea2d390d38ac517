import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let clone = ''
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'clymene-setup-'))
  mkdirSync(join(clone, 'tools'))
  copyFileSync(join(import.meta.dirname, 'setup.mjs'), join(clone, 'tools/setup.mjs'))
  write('package.json', { engines: { node: '>=22.19' } })
  write('package-lock.json', LOCK)
  npmDoes('exit 9')
})
afterEach(() => rmSync(clone, { recursive: true }))

const LOCK = {
  packages: {
    '': { name: 'workspace' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/for-another-platform': { version: '1.0.0', optional: true },
  },
}
const INSTALLED = { packages: { 'node_modules/a': { version: '1.0.0' } } }

function write(file: string, content: object | string): void {
  mkdirSync(dirname(join(clone, file)), { recursive: true })
  writeFileSync(join(clone, file), typeof content === 'string' ? content : JSON.stringify(content))
}

function install(installed: object = INSTALLED): void {
  mkdirSync(join(clone, 'node_modules/a'), { recursive: true })
  write('node_modules/.package-lock.json', installed)
}

/** What `npm` is to this clone: a shell script that leaves a trace of its arguments. */
function npmDoes(script: string): void {
  write('bin/npm', `#!/bin/sh\necho "$@" > npm-was-called\n${script}\n`)
  chmodSync(join(clone, 'bin/npm'), 0o755)
}

function nodeSays(version: string): void {
  write('node_modules/.bin/node', `#!/bin/sh\necho ${version}\n`)
  chmodSync(join(clone, 'node_modules/.bin/node'), 0o755)
}

function setup(): { status: number | null; stderr: string; npm: string | undefined } {
  const { status, stderr } = spawnSync(process.execPath, [join(clone, 'tools/setup.mjs')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(clone, 'bin')}:${process.env['PATH']}` },
  })
  const trace = join(clone, 'npm-was-called')
  return { status, stderr, npm: existsSync(trace) ? readFileSync(trace, 'utf8').trim() : undefined }
}

test('nothing to do: no word, no npm', () => {
  install()
  expect(setup()).toEqual({ status: 0, stderr: '', npm: undefined })
})

describe('installs', () => {
  test.each([
    ['when there are no node_modules', () => {}, 'node_modules is missing or incomplete'],
    ['when an installation was cut short', () => mkdirSync(join(clone, 'node_modules/a'), { recursive: true }), 'missing or incomplete'],
    ['when a version differs', () => install({ packages: { 'node_modules/a': { version: '0.9.0' } } }), 'node_modules/a is not as locked'],
    ['when one is not installed', () => install({ packages: {} }), 'node_modules/a is not as locked'],
    [
      'when a folder was removed',
      () => {
        install()
        rmSync(join(clone, 'node_modules/a'), { recursive: true })
      },
      'node_modules/a is missing',
    ],
    [
      'when there is more than locked',
      () => install({ packages: { ...INSTALLED.packages, 'node_modules/b': { version: '1.0.0' } } }),
      'no longer locked',
    ],
  ])('%s', (_, prepare, reason) => {
    prepare()
    write('installed.json', INSTALLED)
    npmDoes('mkdir -p node_modules/a && cp installed.json node_modules/.package-lock.json')
    const { status, stderr, npm } = setup()
    expect(stderr).toContain(reason)
    expect(npm).toMatch(/^ci /)
    expect(status).toBe(0)
  })
})

describe('stops with a reason', () => {
  test.each([
    ['no lock', () => rmSync(join(clone, 'package-lock.json')), /package-lock\.json is missing or not readable/],
    ['npm fails', () => {}, /npm ci failed with status 9/],
    ['npm changes nothing', () => npmDoes('exit 0'), /npm ci ran without an error, but node_modules is missing/],
    [
      'the Node that runs next is too old',
      () => {
        install()
        nodeSays('v22.18.9')
      },
      /Node 22\.19 or newer is needed, found v22\.18\.9/,
    ],
    [
      'the Node that runs next does not run',
      () => {
        install()
        write('node_modules/.bin/node', 'not a program')
      },
      /node_modules\/\.bin\/node does not run on this system/,
    ],
  ])('%s', (_, prepare, reason) => {
    prepare()
    const { status, stderr } = setup()
    expect(stderr).toMatch(reason)
    expect(status).toBe(1)
  })
})

test.each(['v22.19.0', 'v23.0.1', 'v26.10.0'])('Node %s is new enough', (version) => {
  install()
  nodeSays(version)
  expect(setup()).toMatchObject({ status: 0, stderr: '' })
})

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { pickPorts, portFlags, root } from './all-in-one.ts'
import { isUp, start, type Started } from './processes.ts'

/** Installing takes a minute on a free machine with a full cache. */
const INSTALL_WITHIN_MS = 900_000

const directory = mkdtempSync(join(tmpdir(), 'clymene-clone-'))
const clone = join(directory, 'clone')
const running: Started[] = []

const run = (command: string, args: readonly string[], cwd: string): Started => {
  const started = start(command, args, { cwd })
  running.push(started)
  return started
}

beforeAll(async () => {
  const cloned = run('git', ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', root, clone], directory)
  const { status } = await cloned.exit
  if (status !== 0) throw new Error(`git clone: ${cloned.output()}`)
})
afterAll(async () => {
  for (const { process: child } of running) if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

test('npm start in a clean clone installs what is missing and serves the page', { timeout: INSTALL_WITHIN_MS + 60_000 }, async () => {
  expect(existsSync(join(clone, 'node_modules'))).toBe(false)
  const ports = await pickPorts()
  const started = run('npm', ['start', '--', ...portFlags(ports), `--data.dir=${join(directory, 'data')}`], clone)
  await isUp(ports, started, INSTALL_WITHIN_MS)
  expect(started.output()).toContain('Installing dependencies')
  const page = await fetch(`http://127.0.0.1:${ports['page.http.host-port']}/`)
  expect(await page.text()).toContain('<title>Clymene</title>')
  process.kill(-started.process.pid!, 'SIGINT')
  expect(await started.exit).toEqual({ status: 0, signal: null })
})

test('a second start installs nothing', async () => {
  const ports = await pickPorts()
  const started = run('npm', ['start', '--', ...portFlags(ports), `--data.dir=${join(directory, 'data')}`], clone)
  await isUp(ports, started)
  expect(started.output()).not.toContain('Installing')
  process.kill(-started.process.pid!, 'SIGINT')
  expect(await started.exit).toEqual({ status: 0, signal: null })
})

test('npm test runs there', { timeout: 600_000 }, async () => {
  const tested = run('npm', ['test', '--', '--only=page-types'], clone)
  expect({ ...(await tested.exit), output: tested.output() }).toMatchObject({
    status: 0,
    output: expect.stringMatching(/\n── page-types: [^]*, 0 failed\n/),
  })
})

test('running and testing leaves the clone as it was', async () => {
  const status = run('git', ['status', '--porcelain'], clone)
  expect(await status.exit).toEqual({ status: 0, signal: null })
  expect(status.output()).toBe('')
})

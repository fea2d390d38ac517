import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const directory = mkdtempSync(join(tmpdir(), 'clymene-credentials-page-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const [, section = ''] = readFileSync(join(root, 'docs/credentials.md'), 'utf8').split('\n## The gateway\n')
const lines = [...(section.split('\n## ')[0] ?? '').matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'))

test('the commands of docs/credentials.md for a gateway make files that it takes', { timeout: 60_000 }, () => {
  expect(lines.filter((line) => line.startsWith('clymene '))).toHaveLength(3)
  const clymene = `'${join(root, 'node_modules/.bin/node')}' '${join(root, 'services/clymene/bin/clymene.mjs')}'`
  for (const line of lines) {
    // A gateway would not end: `validate` reads the same files and flags.
    const command = line.replaceAll('/etc/clymene/', `${directory}/`).replace(/^clymene gateway/, `${clymene} gateway validate`)
    const { status, stderr, stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' })
    expect({ line, status, stderr: status === 0 ? '' : stderr }).toEqual({ line, status: 0, stderr: '' })
    if (line.startsWith('clymene')) expect(stdout).toBe('gateway: configuration is valid\n')
  }
})

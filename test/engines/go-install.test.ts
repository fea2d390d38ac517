import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { cached } from './cache.ts'
import { goInstall } from './go-install.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-go-install-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

/** A `go` that keeps its calls in `calls` and then does this. */
function fakeGo(script: string): void {
  writeFileSync(join(folder, 'go'), `#!/bin/sh\necho "$@" >> '${folder}/calls'\n${script}\n`)
  chmodSync(join(folder, 'go'), 0o755)
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`)
}

const calls = (): readonly string[] => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n')
const program = { package: 'example.com/tool/v5', version: '5.8.2', variables: { 'example.com/tool.version': 'v5.8.2' } }

test('a program gets its place in the cache, by the name of its package without the major version', async () => {
  fakeGo('echo made > "$GOBIN/tool"')
  await goInstall('bin/tool-5.8.2', program)
  expect(readFileSync(cached('bin/tool-5.8.2'), 'utf8')).toBe('made\n')
  expect(calls()).toEqual(['install -p 2 -trimpath -ldflags -s -w -X example.com/tool.version=v5.8.2 example.com/tool/v5@v5.8.2'])
})

test('where the network fails, it goes on', async () => {
  fakeGo(`[ $(wc -l < '${folder}/calls') = 3 ] && touch "$GOBIN/tool" && exit; echo 'dial tcp 192.0.2.1:443: i/o timeout' >&2; exit 1`)
  await goInstall('bin/tool-5.8.2', program)
  expect(calls()).toHaveLength(3)
})

test.each([
  ['a network that does not come back', 'dial tcp: lookup proxy.example: no such host', 3],
  ['a version that is not there', 'unknown revision v5.8.2', 1],
])('%s is told', async (_, told, times) => {
  fakeGo(`echo '${told}' >&2; exit 1`)
  await expect(goInstall('bin/tool-5.8.2', program)).rejects.toThrow(told)
  expect(calls()).toHaveLength(times)
  expect(existsSync(cached('bin/tool-5.8.2'))).toBe(false)
})

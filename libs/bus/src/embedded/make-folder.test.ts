import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { makeFolder } from './make-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-folder-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('with those above it, each with the mode, and again', async () => {
  await makeFolder(join(folder, 'a', 'b', 'c'), 0o700)
  await makeFolder(join(folder, 'a', 'b', 'c'), 0o700)
  for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o700)
})

test('below a file it fails', async () => {
  writeFileSync(join(folder, 'file'), '')
  await expect(makeFolder(join(folder, 'file', 'a', 'b'), 0o700)).rejects.toThrow('ENOTDIR')
})

test('where no folder can be made it fails, too', async () => {
  await expect(makeFolder('/proc/clymene/a', 0o700)).rejects.toThrow('mkdir')
})

import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { createPresentNames } from './present-name.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-names-'))
afterAll(() => rmSync(folder, { recursive: true }))

function written(...names: readonly string[]): string {
  const path = join(folder, ...names)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, 'x')
  return path
}
const inodeOf = (path: string): string => String(statSync(path, { bigint: true }).ino)

test.each([
  ['0.log', '0.log.20240101-000000'],
  ['shop.log', 'shop-2024-01-01.log'],
  ['plain', 'plain.1'],
])('%s is now %s', (was, now) => {
  const path = written('renamed', was)
  const inode = inodeOf(path)
  renameSync(path, join(folder, 'renamed', now))
  written('renamed', was)
  expect(createPresentNames()({ path, inode })).toBe(join(folder, 'renamed', now))
})

test('beside the file that a link leads to', () => {
  const path = written('real', 'a.log')
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  const inode = inodeOf(path)
  renameSync(path, `${path}.1`)
  written('real', 'a.log')
  expect(createPresentNames()({ path: join(folder, 'link', 'a.log'), inode })).toBe(`${path}.1`)
})

test('a file that has its name still, that is deleted, or whose folder is', () => {
  const path = written('here', 'a.log')
  const names = createPresentNames()
  expect(names({ path, inode: inodeOf(path) })).toBeUndefined()
  expect(names({ path, inode: '1' })).toBeUndefined()
  expect(names({ path: join(folder, 'none', 'a.log'), inode: '1' })).toBeUndefined()
})

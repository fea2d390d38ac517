import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFolderNames, findSiblings } from './siblings.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-siblings-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['long ago', 1000],
  ['just now', Date.now() / 1000],
])('a file that was rotated since the folder was read is found, whether that had changed %s', (_when, changedS) => {
  const path = join(folder, 'app.log')
  writeFileSync(path, 'one\n')
  utimesSync(folder, changedS, changedS)
  const names = createFolderNames()
  expect(findSiblings(path, names)).toEqual([])
  renameSync(path, `${path}.1`)
  writeFileSync(path, 'two\n')
  expect(findSiblings(path, names).map((file) => basename(file.path))).toEqual(['app.log.1'])
})

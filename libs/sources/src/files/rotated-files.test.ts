import { utimesSync, writeFileSync } from 'node:fs'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { type Candidate, findRotated, isCopyOf } from './rotated-files.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import { contentOf, fileAt } from './siblings.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

function write(name: string, text: string, modified = 2000): Candidate {
  const path = folder.path(name)
  writeFileSync(path, text)
  utimesSync(path, modified, modified)
  const file = fileAt(path)
  if (file === undefined) throw new Error(`no ${path}`)
  return { file, content: contentOf(file) }
}

const LONG = 'line\n'.repeat(2000)
test.each<[what: string, copy: string, current: string, isCopy: boolean]>([
  ['the same text', 'one\ntwo\n', 'one\ntwo\n', true],
  ['the original was written to meanwhile', 'one\n', 'one\ntwo\n', true],
  ['a long one', LONG, `${LONG}more\n`, true],
  ['another text', 'two\n', 'one\n', false],
  ['longer than the original', 'one\ntwo\n', 'one\n', false],
  ['the original was cut and begins alike', `${LONG}old end\n`, `${LONG}new end and more\n`, false],
  ['an empty one', '', 'one\n', false],
])('%s: a copy is %s', (_what, copy, current, isCopy) => {
  expect(isCopyOf(write('a.log.1', copy), write('a.log', current))).toBe(isCopy)
})

test('of files that nobody knows a copy of the one at the path is not read, it would be read twice', () => {
  const current = write('a.log', 'one\ntwo\n')
  const [copy, rotated] = [write('a.log.1', 'one\n'), write('a.log.2', 'zero\n')]
  const common = { path: folder.path('a.log'), stored: [], current, peek: () => undefined, sinceNs: 1_000_000_000_000n }
  const found = findRotated({ ...common, siblings: [rotated, copy] })
  expect(found.unread.map(({ file }) => file.path)).toEqual([rotated.file.path])
  expect(found.passedOver).toEqual([])
})

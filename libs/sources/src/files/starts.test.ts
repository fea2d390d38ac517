import { closeSync, fstatSync, openSync, utimesSync } from 'node:fs'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import { createStarts } from './starts.ts'

let folder: TestFolder
let fd = -1
beforeEach(() => {
  folder = createTestFolder()
  folder.append('a.log', 'one\ntwo\nthr')
  fd = openSync(folder.path('a.log'), 'r')
})
afterEach(() => {
  closeSync(fd)
  folder.remove()
})

/** Where the file begins by each of these searches, one after the other. */
function begins(from: 'beginning' | 'end', blindSinceMs: number, searches: readonly (readonly string[])[]): readonly number[] {
  const starts = createStarts(from, blindSinceMs)
  return searches.flatMap((globs) => {
    const found = globs.map((glob) => {
      starts.search(glob)
      return starts.startOf(fd, folder.path('a.log'))
    })
    starts.searched()
    return found
  })
}

const LAST_LINE = 8
test.each<[what: string, call: Parameters<typeof begins>, expected: readonly number[]]>([
  ['at the beginning', ['beginning', Infinity, [['a'], ['a']]], [0, 0]],
  [
    'at the last line by the first search of a glob, then at the beginning',
    ['end', Infinity, [['a'], ['a', 'b'], ['b']]],
    [LAST_LINE, 0, LAST_LINE, 0],
  ],
  ['at the beginning of a file that is new', ['end', 0, [['a']]], [0]],
  ['a glob that was not searched for meanwhile is forgotten', ['end', Infinity, [['a'], ['b'], ['a']]], [LAST_LINE, LAST_LINE, LAST_LINE]],
])('%s', (_what, call, expected) => expect(begins(...call)).toEqual(expected))

test.each<[what: string, fileMs: number, folderMs: number, expected: number]>([
  ['neither the file nor the names beside it changed since: it is old', -5000, -5000, LAST_LINE],
  ['the file was written to, no name came: it is old', 5000, -5000, LAST_LINE],
  ['a name came, the file was not written to: it is old', -5000, 5000, LAST_LINE],
  ['both: it may be new', 5000, 5000, 0],
])('where times of birth are not kept: %s', (_what, fileMs, folderMs, expected) => {
  const blindSinceMs = 1_700_000_000_000
  utimesSync(folder.path(''), 0, (blindSinceMs + folderMs) / 1000)
  const statOf = (open: number) => Object.assign(fstatSync(open), { birthtimeMs: 0, ctimeMs: blindSinceMs + fileMs })
  const starts = createStarts('end', blindSinceMs, statOf)
  starts.search('a')
  expect(starts.startOf(fd, folder.path('a.log'))).toBe(expected)
})

import { closeSync, openSync } from 'node:fs'

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
      return starts.startOf(fd)
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

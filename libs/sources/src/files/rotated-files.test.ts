import { utimesSync, writeFileSync } from 'node:fs'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { fingerprintOf } from './fingerprint.ts'
import type { Position } from './positions.ts'
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

describe('a file at the path that begins as it did', () => {
  /** What was stored of a file of which this text had been read. */
  const positionOf = ({ file: { device, inode } }: Candidate, text: string): Position => ({
    job: 'j',
    path: folder.path('a.log'),
    device,
    inode,
    fingerprint: fingerprintOf(Buffer.from(text)),
    fingerprintBytes: text.length,
    offset: text.length,
    replayFrom: text.length,
    size: text.length,
    seenMs: 1,
  })
  const BEFORE = 1500
  const SINCE = 1_600_000_000_000n
  test.each<[what: string, name: string, text: string, modified: number, isCut: boolean]>([
    ['was cut when a copy has it', 'a.log.1', 'one\ntwo\n', 2000, true],
    ['was cut when a copy has no more than was read', 'a.log.1', 'one\n', 2000, false],
    ['was not when what is longer was there before', 'a.log.1', 'one\ntwo\n', BEFORE, false],
    ['was not when what is longer has no name of a rotation', 'a.log.copy', 'one\ntwo\n', 2000, false],
    ['was not when the other begins otherwise', 'a.log.1', 'two\n', 2000, false],
  ])('%s', (_, name, text, modified, isCut) => {
    const current = write('a.log', 'one\nmore, and longer than before\n')
    const sibling = write(name, text, modified)
    const position = positionOf(current, 'one\n')
    const peek = ({ inode }: { readonly inode: string }): Position | undefined => (inode === position.inode ? position : undefined)
    const options = { path: position.path, stored: [position], current, siblings: [sibling], peek, sinceNs: SINCE }
    const found = findRotated(options)
    expect(found.isCut).toBe(isCut)
    expect(found.unread.map(({ file }) => file.path)).toEqual(isCut ? [sibling.file.path] : [])
  })

  test('was not when what is longer is all that was read of another', () => {
    const current = write('a.log', 'one\nmore, and longer than before\n')
    const sibling = write('a.log.1', 'one\ntwo\n')
    const position = positionOf(current, 'one\n')
    const read: Position = { ...positionOf(sibling, 'one\ntwo\n'), device: '', inode: '' }
    const peek = ({ inode }: { readonly inode: string }): Position | undefined => (inode === position.inode ? position : undefined)
    const options = { path: position.path, stored: [position, read], current, siblings: [sibling], peek, sinceNs: SINCE }
    expect(findRotated(options).isCut).toBe(false)
  })
})

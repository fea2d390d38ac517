import { readFileSync } from 'node:fs'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'

import { loadPositions, type Position, type StoredPositions } from './positions.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import { createSlowestPositions } from './slowest-positions.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

const position = (path: string, inode: string, offset: number): Position => ({
  job: 'j',
  path,
  device: '1',
  inode,
  fingerprint: 'f',
  fingerprintBytes: 9,
  offset,
  replayFrom: offset,
  size: 100,
  seenMs: 5,
})
const stored = (searchedMs: number, ...files: readonly Position[]): StoredPositions => ({
  files,
  offsets: new Map(),
  offsetsMs: undefined,
  others: new Map([['cursor-j', 's=1']]),
  searchedMs,
})

test('what is written is the least of all readers, when all have told theirs', async () => {
  const path = folder.path('positions.yaml')
  const slowest = createSlowestPositions(path, ['loki', 'elasticsearch'])
  await slowest.note('loki', stored(20, position('/a', '1', 50), position('/b', '2', 10)))
  expect(() => readFileSync(path)).toThrow('ENOENT')
  await slowest.note('elasticsearch', stored(10, position('/a', '1', 40), position('/b', '2', 30), position('/c', '3', 7)))
  expect(parse(readFileSync(path, 'utf8'))).toEqual({ positions: { '/a': '40', '/b': '10', '/c': '7', 'cursor-j': 's=1' } })
  const { files, searchedMs } = await loadPositions([path], silentLogger)
  expect(new Map(files.map(({ path: file, offset }) => [file, offset]))).toEqual(
    new Map([
      ['/a', 40],
      ['/b', 10],
      ['/c', 7],
    ]),
  )
  expect(searchedMs).toBe(10)
  await slowest.note('elasticsearch', stored(30, position('/a', '1', 60)))
  expect(parse(readFileSync(path, 'utf8'))).toEqual({ positions: { '/a': '50', '/b': '10', 'cursor-j': 's=1' } })
})

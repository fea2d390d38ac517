import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFileMetrics } from './metrics.ts'
import { createOpenFiles, type OpenFiles } from './open-files.ts'
import { createOpenTails } from './open-tails.ts'
import { createPositionTable, type PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

const tableOf = (files: readonly Position[]): PositionTable =>
  createPositionTable({ files, offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs: undefined }, Date.now() - 1000)

function openFilesWith(positions: PositionTable, meanwhile: (when: string) => void = () => undefined): OpenFiles {
  const tails = createOpenTails(100, () => [])
  return createOpenFiles({
    job: 'j',
    positions,
    tails: {
      ...tails,
      has: (job, place) => {
        meanwhile('looked for')
        return tails.has(job, place)
      },
      open: (job, open) => {
        meanwhile('opened')
        return tails.open(job, open)
      },
    },
    metrics: createFileMetrics(createMetrics()),
    logger: silentLogger,
    now: Date.now,
    onReady: () => undefined,
    isWanted: () => false,
    startOf: () => 0,
  })
}

test('a rotated file that was read is known where it is now: its old inode may be that of a longer file by the next start', () => {
  const path = folder.path('a.log')
  writeFileSync(path, 'one\n')
  const [tail] = openFilesWith(tableOf([])).first(path)
  if (tail === undefined) throw new Error('nothing was opened')
  tail.acknowledge({ offset: 4, replayFrom: 4 })
  const stopped = tail.position('j', path, 1)
  tail.close()

  writeFileSync(`${path}.1.gz`, gzipSync('one\n'))
  // Its inode stays taken for now.
  renameSync(path, folder.path('removed'))
  writeFileSync(path, 'two\n')
  const started = tableOf([stopped])
  const [two, ...none] = openFilesWith(started).first(path)
  expect([two?.position('j', path, 1).size, none]).toEqual([4, []])
  two?.close()

  // The file system gives the inode to whoever comes next.
  const other = { ...stopped, fingerprint: 'of another', fingerprintBytes: 100 }
  const again = tableOf([...started.all(), other])
  expect(
    openFilesWith(again)
      .first(path)
      .map((file) => file.head().toString()),
  ).toEqual(['two\n'])
})

test.each(['looked for', 'opened'])(
  'a copy that gets another name just while it is %s is read on in, and not as a file of its own',
  (when) => {
    const path = folder.path('a.log')
    writeFileSync(path, 'one\ntwo\n')
    let move = (_when: string): void => undefined
    const files = openFilesWith(tableOf([]), (now) => move(now))
    const [tail] = files.first(path)
    if (tail === undefined) throw new Error('nothing was opened')
    tail.cursor.offset = 'one\n'.length
    copyFileSync(path, `${path}.1`)
    truncateSync(path, 0)
    appendFileSync(path, 'three\n')
    move = (now) => {
      if (now !== when) return
      move = () => undefined
      renameSync(`${path}.1`, `${path}.2`)
    }
    const { copy, later } = files.cut(path, tail, [tail])
    expect(copy?.cursor.offset).toBe('one\n'.length)
    expect(later).toEqual([])
    copy?.close()
    tail.close()
  },
)

test('a cut file that cannot be begun anew gives back its copy, which the next try finds', () => {
  const path = folder.path('a.log')
  writeFileSync(path, 'one\ntwo\n')
  let opened = (): void => undefined
  const files = openFilesWith(tableOf([]), (now) => {
    if (now === 'opened') opened()
  })
  const [tail] = files.first(path)
  if (tail === undefined) throw new Error('nothing was opened')
  tail.cursor.offset = 'one\n'.length
  copyFileSync(path, `${path}.1`)
  truncateSync(path, 0)
  let count = 0
  opened = () => {
    // The copy is the first that is opened.
    if (++count === 2) throw new Error('EIO: injected')
  }
  expect(() => files.cut(path, tail, [tail])).toThrow('EIO: injected')
  const { copy, again } = files.cut(path, tail, [tail])
  expect([copy?.cursor.offset, again.cursor.offset]).toEqual(['one\n'.length, 0])
  for (const each of [copy, again]) each?.close()
})

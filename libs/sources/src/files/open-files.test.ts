import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { createFileMetrics } from './metrics.ts'
import { createOpenFiles } from './open-files.ts'
import { createOpenTails } from './open-tails.ts'
import { createPositionTable } from './position-table.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

test.each(['looked for', 'opened'])(
  'a copy that gets another name just while it is %s is read on in, and not as a file of its own',
  (when) => {
    const path = folder.path('a.log')
    writeFileSync(path, 'one\ntwo\n')
    let move = (_when: string): void => undefined
    const tails = createOpenTails(100, () => [])
    const startMs = Date.now() - 1000
    const files = createOpenFiles({
      job: 'j',
      positions: createPositionTable(
        { files: [], offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs: undefined },
        startMs,
      ),
      tails: {
        ...tails,
        has: (job, place) => {
          move('looked for')
          return tails.has(job, place)
        },
        open: (job, open) => {
          move('opened')
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
    const { copy, later } = files.copyOf(path, tail, [tail])
    expect(copy?.cursor.offset).toBe('one\n'.length)
    expect(later).toEqual([])
    copy?.close()
    tail.close()
  },
)

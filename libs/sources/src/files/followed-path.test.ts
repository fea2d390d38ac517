import { renameSync } from 'node:fs'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { createLabelSet, parseStages } from '@clymene/stages'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLane } from '../lines/lane.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { followPath } from './followed-path.ts'
import { createLineReader } from './line-reader.ts'
import { createFileMetrics } from './metrics.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import { fileAt, sameFile } from './siblings.ts'
import { openTail, type Tail } from './tail.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

const POLL_MS = 250

/** A file whose writes are told, looked at when it is due by a clock that goes as it is told. */
function follow(stages: unknown = []) {
  const path = folder.path('a.log')
  folder.append('a.log', 'first\n')
  let nowMs = 1_000_000
  const now = (): number => nowMs
  const lane = createLane({
    stream: '0',
    batchBytes: 100_000,
    batchWaitMs: 1,
    maxLineBytes: 1000,
    labelLimits: LOKI_LABEL_LIMITS,
    offended: () => undefined,
    now,
    emit: () => Promise.resolve(),
    signal: new AbortController().signal,
    onSettled: () => undefined,
  })
  const metrics = createFileMetrics(createMetrics())
  const reader = createLineReader({
    stages: parseStages(stages, 'stages'),
    labels: createLabelSet([['job', 'j']]),
    lane,
    clock: createReadClock(now),
    maxLineBytes: 1000,
    longLines: 'truncate',
    metrics,
    onCut: () => undefined,
  })
  const opened = (): Tail => openTail(path, () => ({ offset: 0, replayFrom: 0 }))
  const none = (): never => {
    throw new Error('no other file is opened')
  }
  const followed = followPath({
    job: 'j',
    path,
    labels: createLabelSet([]),
    lane,
    reader,
    files: { first: none, next: () => [opened()], cut: none, since: none, putBack: none, wake: none, current: () => fileAt(path) },
    first: [opened()],
    metrics,
    logger: silentLogger,
    pollMs: POLL_MS,
    lingerMs: 1000,
    nowMs,
    isTold: () => true,
    onClosed: () => undefined,
  })
  const buffer = Buffer.alloc(10_000)
  return {
    append: (text: string) => {
      folder.append('a.log', text)
      followed.told()
    },
    rotate: () => {
      renameSync(path, `${path}.1`)
      followed.told()
    },
    reads: () => followed.tails().some((tail) => sameFile(tail, fileAt(path)) && tail.cursor.offset === fileAt(path)?.size),
    /** Bytes of the file that were read and are held by no stage. */
    settled: () => (reader.held() === 0 ? (followed.tails()[0]?.cursor.offset ?? 0) : -1),
    wait: (ms: number) => {
      for (const untilMs = nowMs + ms; nowMs <= untilMs; nowMs += 10) {
        if (followed.nextPollMs() <= nowMs) followed.poll(nowMs, buffer)
      }
    },
    close: followed.close,
  }
}

describe('how late lines of a quiet file come', () => {
  test('those of a burst no later than those of a file that is written all the time', () => {
    const file = follow()
    file.wait(60_000)
    file.append('burst begins\n')
    file.wait(20)
    expect(file.settled()).toBe('first\nburst begins\n'.length)
    file.append('and goes on\n')
    file.wait(POLL_MS)
    expect(file.settled()).toBe('first\nburst begins\nand goes on\n'.length)
    file.close()
  })

  test('what a stage holds for a while is handed over within a second after it', () => {
    const file = follow([{ multiline: { firstline: '^\\S', max_wait_time: '5s' } }])
    file.wait(60_000)
    file.append('burst begins\n')
    file.wait(20)
    file.append('  and goes on\n')
    file.wait(5000 + POLL_MS + 4 * POLL_MS)
    expect(file.settled()).toBe('first\nburst begins\n  and goes on\n'.length)
    file.close()
  })

  test('those of the next file, whose writes are told, within a second', () => {
    const file = follow()
    file.wait(60_000)
    file.append('burst begins\n')
    file.wait(2 * POLL_MS)
    file.rotate()
    for (let count = 0; count < 6; count++) {
      file.append('and goes on in another file\n')
      file.wait(50)
    }
    file.wait(4 * POLL_MS)
    expect(file.reads()).toBe(true)
    file.close()
  })
})

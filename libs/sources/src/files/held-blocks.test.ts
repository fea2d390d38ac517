import { createLabelSet, parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLane } from '../lines/lane.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { createLineReader, type Cursor } from './line-reader.ts'
import { createTailState } from './tail-state.ts'

const ignored = { inc: () => undefined }
const STAGES = parseStages([{ cri: {} }, { multiline: { firstline: '^F', max_lines: 3 } }], 'stages')

/** One run of an agent over a file, from where its position says. */
function startRun(from: { readonly offset: number; readonly replayFrom: number }) {
  const clock = { ms: 0 }
  const lane = createLane({
    stream: '0',
    batchBytes: 100_000,
    batchWaitMs: 1,
    maxLineBytes: 1000,
    labelLimits: LOKI_LABEL_LIMITS,
    offended: () => undefined,
    now: () => 0,
    emit: () => Promise.resolve(),
    signal: new AbortController().signal,
    onSettled: () => undefined,
  })
  const reader = createLineReader({
    stages: STAGES,
    labels: createLabelSet([['job', 'j']]),
    lane,
    clock: createReadClock(() => clock.ms),
    maxLineBytes: 1000,
    longLines: 'truncate',
    metrics: { readBytes: ignored, readLines: ignored, truncatedLines: ignored, splitLines: ignored, nulBytes: ignored },
    onCut: () => undefined,
  })
  const state = createTailState(from, Buffer.alloc(0))
  const cursor: Cursor = state.cursor
  return {
    read: (bytes: Buffer) => reader.read(bytes.subarray(cursor.offset), cursor, false),
    /** Time passes, and stages let go of what they held too long. */
    wait: (ms: number) => {
      clock.ms += ms
      reader.flush(cursor, BigInt(clock.ms) * 1_000_000n)
    },
    flush: () => reader.flush(cursor),
    progress: () => state.progress(reader.held()),
    /** The lines of all that came out, joined ones apart. */
    sent: (): readonly string[] =>
      lane.collector
        .take(1_000_000)
        .flatMap(({ body }) => decodePushRequest(body).flatMap(({ entries }) => entries.flatMap(({ line }) => line.split('\n')))),
  }
}

type Step = { readonly stream: string; readonly first: boolean; readonly waitMs: number }

/** Reads line by line, kills the run after some of them, and goes on from its position. Gives all that was sent in both runs. */
function sentAcrossKill(
  steps: readonly Step[],
  killAfter: number,
): { readonly sent: readonly string[]; readonly lines: readonly string[] } {
  const lines = steps.map(({ first }, index) => `${first ? 'F' : 'c'}${index}`)
  const texts = steps.map(({ stream }, index) => `2024-01-01T00:00:00Z ${stream} F ${lines[index]}\n`)
  const upTo = (count: number): Buffer => Buffer.from(texts.slice(0, count).join(''))
  const before = startRun({ offset: 0, replayFrom: 0 })
  for (const [index, { waitMs }] of steps.slice(0, killAfter).entries()) {
    before.read(upTo(index + 1))
    if (waitMs > 0) before.wait(waitMs)
  }
  const after = startRun(before.progress())
  after.read(upTo(steps.length))
  after.flush()
  return { sent: [...before.sent(), ...after.sent()], lines }
}

const steps = (streams: readonly string[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ stream: fc.constantFrom(...streams), first: fc.boolean(), waitMs: fc.constantFrom(0, 0, 0, 1000, 4000) }), {
    maxLength: 25,
  })

test('a kill in the middle of blocks loses and repeats no line of a file with one stream', () => {
  fc.assert(
    fc.property(steps(['stdout']), fc.nat(25), (list, killAfter) => {
      const { sent, lines } = sentAcrossKill(list, killAfter)
      expect(sent).toEqual(lines)
    }),
    { numRuns: 300 },
  )
})

test('of two streams in turns it loses none, and repeats none while no block waited too long', () => {
  fc.assert(
    fc.property(steps(['stdout', 'stderr']), fc.nat(25), (list, killAfter) => {
      const { sent, lines } = sentAcrossKill(list, killAfter)
      expect(new Set(sent)).toEqual(new Set(lines))
      const isSimple = list.every(({ waitMs }) => waitMs < 3000) && list.every(({ first }) => first)
      if (isSimple) expect(sent.toSorted()).toEqual(lines.toSorted())
    }),
    { numRuns: 500 },
  )
})

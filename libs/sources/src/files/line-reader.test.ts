import { createMetrics } from '@clymene/runtime'
import { createLabelSet, parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLane } from '../lines/lane.ts'
import { createReadClock } from '../lines/read-clock.ts'
import { createLineReader, type Cursor } from './line-reader.ts'
import { createFileMetrics } from './metrics.ts'

type Read = { readonly entries: readonly string[]; readonly cursor: Cursor; readonly held: number }

/** Reads `bytes` in pieces that end at the given places, each going on where the one before stopped. */
function readPieces(
  stages: readonly unknown[],
  bytes: Buffer,
  ends: readonly number[],
  options: { quietUntil?: number; maxLineBytes?: number } = {},
): Read {
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
  Object.assign(lane, { full: () => false })
  const cursor: Cursor = { offset: 0, heldFrom: 0, skipping: false, quietUntil: options.quietUntil ?? 0 }
  const reader = createLineReader({
    stages: parseStages(stages, 'stages'),
    labels: createLabelSet([['job', 'j']]),
    lane,
    clock: createReadClock(() => 0),
    maxLineBytes: options.maxLineBytes ?? 40,
    metrics: createFileMetrics(createMetrics(), { active: () => 0, oldestUnreadSeconds: () => 0 }),
    onCut: () => undefined,
  })
  for (const end of [...ends.toSorted((a, b) => a - b), bytes.length]) {
    if (end > cursor.offset) reader.read(bytes.subarray(cursor.offset, end), cursor, false)
  }
  const held = reader.held()
  const entries = lane.collector
    .take(1_000_000)
    .flatMap(({ body }) =>
      decodePushRequest(body).flatMap((stream) =>
        stream.entries.map(
          ({ timestampNs, line }) => `${JSON.stringify(stream.labels)} ${timestampNs > 1000n * 1_000_000_000n ? timestampNs : ''} ${line}`,
        ),
      ),
    )
  return { entries: entries.toSorted((a, b) => (a < b ? -1 : 1)), cursor, held }
}

const TIME = '2024-01-01T00:00:00.5Z'
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      `${TIME} stdout F hello\n`,
      `${TIME} stderr F a\r\n`,
      `${TIME} stdout P he\n`,
      `${TIME} stdout F {"log":"a"}\n`,
      '{"log":"d\\n","stream":"stderr"}\n',
      'no cri\n',
      '\n',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(30), '가', '\r', '\n', `${TIME} stdout F ${'y'.repeat(50)}\n`) },
)
const content = fc
  .array(fc.oneof({ weight: 9, arbitrary: piece.map((text) => Buffer.from(text)) }, { weight: 1, arbitrary: fc.constant(Buffer.of(0xff)) }))
  .map((parts) => Buffer.concat(parts))
const places = fc.array(fc.nat(400))

test.each([[[]], [[{ cri: {} }]], [[{ docker: {} }, { cri: {} }]]])('stages %j: it does not matter where reading is cut', (stages) => {
  fc.assert(
    fc.property(content, places, (bytes, ends) => {
      const whole = readPieces(stages, bytes, [])
      const cut = readPieces(
        stages,
        bytes,
        ends.filter((end) => end < bytes.length),
      )
      expect(cut.entries).toEqual(whole.entries)
      expect(cut.cursor.offset).toBe(whole.cursor.offset)
      expect(cut.held).toBe(whole.held)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['plain', [], [{ json: { expressions: { none: '' } } }]],
  ['cri', [{ cri: {} }], [{ cri: {} }, { json: { expressions: { none: '' } } }]],
  ['docker and cri', [{ docker: {} }, { cri: {} }], [{ docker: {} }, { cri: {} }, { json: { expressions: { none: '' } } }]],
])('%s: lines that are copied as bytes and lines that go through the stages come out the same', (_, quick, slow) => {
  fc.assert(
    fc.property(content, (bytes) => {
      expect(readPieces(quick, bytes, [])).toEqual(readPieces(slow, bytes, []))
    }),
    { numRuns: 300 },
  )
})

test('what an earlier run handed over is not handed over again, and brings the stages to where they were', () => {
  fc.assert(
    fc.property(content, fc.nat(400), (bytes, place) => {
      const earlier = readPieces([{ cri: {} }], bytes.subarray(0, Math.min(place, bytes.length)), [])
      const { offset } = earlier.cursor
      const whole = readPieces([{ cri: {} }], bytes, [])
      const later = readPieces([{ cri: {} }], bytes, [], { quietUntil: offset })
      const both = [...earlier.entries, ...later.entries].toSorted((a, b) => (a < b ? -1 : 1))
      expect(both).toEqual(whole.entries)
    }),
    { numRuns: 300 },
  )
})

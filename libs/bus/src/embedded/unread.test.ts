import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { openLogFile } from './segment-file.ts'
import { openSegments, type Segment } from './segment.ts'
import { message, openBus, produce, temporaryDirectory } from './test-kit.ts'
import { unreadOf } from './unread.ts'

const NOW = 1_795_000_000_000
const MIB = 1024 ** 2

/** The one segment of a log with a message of each size, a second apart, each of ten samples. */
async function segmentOf(sizes: readonly number[], change: (bytes: Buffer) => void = () => undefined): Promise<Segment> {
  const directory = temporaryDirectory()
  const clock = { ms: NOW }
  const bus = await openBus({ directory, maxMessageBytes: 8 * MIB, now: () => clock.ms })
  for (const [sequence, bytes] of sizes.entries()) {
    const { headers, ...rest } = message(sequence, bytes)
    await produce(bus, 't', { ...rest, headers: { ...headers, records: 10 } })
    clock.ms += 1000
  }
  await bus.close()
  const folder = join(directory, 'topics', 't', '0')
  const segments: Segment[] = []
  await openSegments(
    segments,
    folder,
    openLogFile,
    () => undefined,
    () => undefined,
  )
  const [segment] = segments
  if (segment === undefined) throw new Error('no segment')
  onTestFinished(() => segment.file.close())
  const bytes = readFileSync(segment.file.path)
  change(bytes)
  writeFileSync(segment.file.path, bytes)
  return segment
}

const at = (second: number): number => NOW + second * 1000
const cases: readonly (readonly [name: string, sizes: readonly number[], from: number, expected: object])[] = [
  ['all of it', [10, 20, 30], 0, { messages: 3, samples: 30, oldestMs: at(0), newestMs: at(2) }],
  ['from the middle', [10, 20, 30], 1, { messages: 2, samples: 20, oldestMs: at(1), newestMs: at(2) }],
  ['the last one', [10, 20, 30], 2, { messages: 1, samples: 10, oldestMs: at(2), newestMs: at(2) }],
  ['longer than what is read at once', [3 * MIB, 10, 2 * MIB, 10], 0, { messages: 4, samples: 40, oldestMs: at(0), newestMs: at(3) }],
  ['on the border of it', [MIB - 100, 100, MIB], 1, { messages: 2, samples: 20, oldestMs: at(1), newestMs: at(2) }],
]
test.each(cases)('what was not read of a segment: %s', async (_name, sizes, from, expected) => {
  expect(await unreadOf(await segmentOf(sizes), from)).toEqual(expected)
})

test('behind a damaged length the messages still count, their samples do not', async () => {
  const segment = await segmentOf([10, 20, 30], (bytes) => bytes.fill(0xff, 32, 36))
  expect(await unreadOf(segment, 0)).toMatchObject({ messages: 3, samples: 0 })
})

import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { openEmbeddedBus } from './embedded-bus.ts'
import { message, openBus, produce, readRest, recordingLogger, sequencesOf, temporaryDirectory, upTo } from './test-kit.ts'

/** Of `message(n, 50)` on disk. */
const MESSAGE_BYTES = 127

const partition = (directory: string): string => join(directory, 'topics', 't', '0')
const segments = (directory: string): readonly string[] =>
  readdirSync(partition(directory))
    .toSorted()
    .map((name) => join(partition(directory), name))

/** Five messages in a log that was closed; `segmentBytes` 1 makes a segment of each. */
async function closedLog(segmentBytes?: number): Promise<{ readonly directory: string; readonly files: readonly string[] }> {
  const directory = temporaryDirectory()
  const bus = await openBus({ directory, ...(segmentBytes === undefined ? {} : { segmentBytes }) })
  for (const sequence of upTo(5)) await produce(bus, 't', message(sequence, 50))
  await bus.close()
  return { directory, files: segments(directory) }
}

function damage(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

describe('after a crash', () => {
  test('a torn last message is cut off, wherever it is torn, and its offset is given again', async () => {
    const { directory, files } = await closedLog()
    const [path = ''] = files
    const whole = readFileSync(path)
    expect(whole).toHaveLength(32 + 5 * MESSAGE_BYTES)
    for (let cut = 1; cut <= MESSAGE_BYTES; cut++) {
      writeFileSync(path, whole.subarray(0, whole.length - cut))
      const logger = recordingLogger()
      const metrics = createMetrics()
      const bus = await openEmbeddedBus({ directory, logger, metrics, housekeepingMs: 0 })
      expect((await bus.lag('t', 'g', new AbortController().signal))[0]?.end).toBe(4n)
      await bus.close()
      expect(readFileSync(path)).toEqual(whole.subarray(0, whole.length - MESSAGE_BYTES))
      // Cut at its very beginning, nothing of it is there that could be said.
      const bytes = MESSAGE_BYTES - cut
      const said = { level: 'warn', message: 'the last write was cut short: what there was of it is cut off' }
      expect(logger.lines).toEqual(bytes === 0 ? [] : [{ ...said, fields: { topic: 't', partition: 0, path, bytes } }])
      expect(await metrics.registry.getSingleMetricAsString('clymene_bus_torn_bytes_total')).toMatch(
        bytes === 0 ? /^#/ : `clymene_bus_torn_bytes_total{topic="t"} ${bytes}`,
      )
    }
    const bus = await openBus({ directory })
    await produce(bus, 't', message(99))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0, 1, 2, 3, 99])
  })

  test('garbage behind the last message is cut off', async () => {
    const { directory, files } = await closedLog()
    writeFileSync(files[0] ?? '', Buffer.concat([readFileSync(files[0] ?? ''), Buffer.alloc(5000, 0x41)]))
    const bus = await openBus({ directory })
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual(upTo(5))
  })

  test('a segment that was being made is used, also when its header is torn', async () => {
    const { directory, files } = await closedLog()
    for (const length of [0, 1, 31]) {
      writeFileSync(join(partition(directory), '00000000000000000005.log'), Buffer.alloc(length, 1))
      const bus = await openEmbeddedBus({ directory, housekeepingMs: 0 })
      expect((await bus.lag('t', 'g', new AbortController().signal))[0]?.end).toBe(5n)
      await bus.close()
    }
    expect(segments(directory)).toHaveLength(files.length + 1)
    const bus = await openBus({ directory })
    await produce(bus, 't', message(5))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual(upTo(6))
  })

  test('a topic that was being made does not exist', async () => {
    const { directory } = await closedLog()
    const unfinished = join(directory, 'topics', 'u.new', '0')
    mkdirSync(unfinished, { recursive: true })
    const bus = await openBus({ directory, partitions: 3 })
    await produce(bus, 'u', message(0))
    expect(await bus.lag('u', 'g', new AbortController().signal)).toHaveLength(3)
  })
})

describe('damaged bytes', () => {
  const cases = [
    { name: 'in the middle of the last segment', segmentBytes: undefined, file: 0, at: 200, left: [0, 2, 3, 4], lost: 1 },
    { name: 'in the first message of the last segment', segmentBytes: undefined, file: 0, at: 40, left: [1, 2, 3, 4], lost: 1 },
    { name: 'in the header of a segment', segmentBytes: undefined, file: 0, at: 9, left: [0, 1, 2, 3, 4], lost: 0 },
    { name: 'in a whole closed segment', segmentBytes: 1, file: 2, at: 60, left: [0, 1, 3, 4], lost: 1 },
  ]
  test.each(cases)('$name: the rest is read, the loss is said once', async ({ segmentBytes, file, at, left, lost }) => {
    const { directory, files } = await closedLog(segmentBytes)
    damage(files[file] ?? '', at)
    const logger = recordingLogger()
    const metrics = createMetrics()
    const bus = await openBus({ directory, logger, metrics })
    await produce(bus, 't', message(5, 50))
    for (const group of ['g', 'h']) expect(sequencesOf(await readRest(bus, 't', group))).toEqual([...left, 5])
    const said = { level: 'error', message: 'messages are lost: their bytes on disk are damaged' }
    const fields = { topic: 't', partition: 0, path: files[file], records: lost }
    expect(logger.lines).toMatchObject(lost === 0 ? [] : [{ ...said, fields }])
    expect(await metrics.registry.getSingleMetricAsString('clymene_bus_damaged_records_total')).toMatch(
      lost === 0 ? /^#/ : `clymene_bus_damaged_records_total{topic="t"} ${lost}`,
    )
  })

  test('a closed segment that is cut short loses what is behind the cut, no more', async () => {
    const { directory, files } = await closedLog(300)
    expect(files.length).toBeGreaterThan(2)
    truncateSync(files[0] ?? '', readFileSync(files[0] ?? '').length - 10)
    const logger = recordingLogger()
    const bus = await openBus({ directory, logger })
    const got = sequencesOf(await readRest(bus, 't', 'g'))
    expect(logger.lines).toMatchObject([{ level: 'error', fields: { records: 1 } }])
    expect(got).toHaveLength(4)
    expect(got.slice(-2)).toEqual([3, 4])
  })

  test('what stands behind the end of a closed segment was refused and is not read', async () => {
    const { directory, files } = await closedLog(300)
    const [first = '', second = ''] = files
    writeFileSync(first, Buffer.concat([readFileSync(first), readFileSync(second).subarray(32)]))
    const bus = await openBus({ directory })
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual(upTo(5))
  })

  test('the last message of the last segment is damaged while the process runs: what comes later is read', async () => {
    const directory = temporaryDirectory()
    const logger = recordingLogger()
    const bus = await openBus({ directory, logger })
    await produce(bus, 't', message(0, 50), message(1, 50))
    const [path = ''] = segments(directory)
    damage(path, readFileSync(path).length - 1)
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0])
    await produce(bus, 't', message(2, 50))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([2])
    expect(logger.lines).toMatchObject([{ level: 'error', fields: { firstOffset: 1, records: 1 } }])
  })

  test('a group that stands in a damaged place goes on behind it', async () => {
    const { directory, files } = await closedLog()
    const first = await openEmbeddedBus({ directory, housekeepingMs: 0 })
    const failure = new Error('stop here')
    await expect(
      first.consume(
        't',
        'g',
        async ({ commit }) => {
          await commit?.(2)
          throw failure
        },
        new AbortController().signal,
      ),
    ).rejects.toBe(failure)
    await first.close()
    // Messages 1 and 2: the group stands between them.
    damage(files[0] ?? '', 32 + MESSAGE_BYTES + 9)
    damage(files[0] ?? '', 32 + 2 * MESSAGE_BYTES + 9)
    const bus = await openBus({ directory })
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([3, 4])
  })

  test('a segment of a later version is not touched', async () => {
    const { directory, files } = await closedLog()
    const bytes = readFileSync(files[0] ?? '')
    bytes[7] = 2
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 28)), 28)
    writeFileSync(files[0] ?? '', bytes)
    await expect(openEmbeddedBus({ directory })).rejects.toThrow(/00000\.log: version 2 of the log, this program reads version 1/)
    expect(readFileSync(files[0] ?? '')).toEqual(bytes)
  })
})

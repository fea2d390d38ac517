import { RetryableError, type Bus, type BusRecord } from '@clymene/model'
import { describe, expect, test, vi } from 'vitest'

import type { BusAtHand } from './at-hand.ts'
import { never, readAll } from './consumption.ts'
import { KEYS, numbered, oddEnvelopes, sequences, upTo, withoutOrigin } from './envelopes.ts'

export function describeRead(at: BusAtHand): void {
  describe('read', () => {
    const offsets = (records: readonly BusRecord[]): bigint[] => records.map(({ origin }) => origin.offset)

    test('gives the records from the first offset to before the second, in order', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 10), never())
      const partition = await partitionOf(bus, topic)
      const all = await rangeOf(bus, topic, partition, 0n, 10n)
      expect(sequences(all, 'a')).toEqual(upTo(10))
      expect(new Set(all.map(({ origin }) => `${origin.topic} ${origin.partition}`))).toEqual(new Set([`${topic} ${partition}`]))
      const table: [bigint, bigint, number[]][] = [
        [0n, 1n, [0]],
        [3n, 7n, [3, 4, 5, 6]],
        [9n, 10n, [9]],
        [5n, 5n, []],
        [7n, 3n, []],
      ]
      for (const [from, to, expected] of table) {
        expect(offsets(await rangeOf(bus, topic, partition, from, to))).toEqual(expected.map(BigInt))
      }
    })

    test('ends at the end of the log', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 5), never())
      const partition = await partitionOf(bus, topic)
      expect(await rangeOf(bus, topic, partition, 3n, 1000n)).toHaveLength(2)
      expect(await rangeOf(bus, topic, partition, 5n, 1000n)).toEqual([])
      expect(await rangeOf(bus, topic, partition, 500n, 1000n)).toEqual([])
      // Of a new topic another partition may have no leader for a moment.
      const lags = await vi.waitFor(() => bus.lag(topic, 'g', never()), { timeout: 30_000, interval: 100 })
      const empty = lags.find(({ end }) => end === 0n)!
      expect(await rangeOf(bus, topic, empty.partition, 0n, 10n)).toEqual([])
    })

    test('many large messages come in steps, each once', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const value = Buffer.alloc(at.maxMessageBytes() >> 1, 1)
      const count = 12
      for (const envelope of numbered(['a'], 0, count)) await bus.produce(topic, [{ ...envelope, value }], never())
      const partition = await partitionOf(bus, topic)
      const steps: (readonly BusRecord[])[] = []
      for await (const records of bus.read(topic, partition, 0n, BigInt(count), never())) {
        steps.push(records.map((record) => ({ ...record, value: Buffer.from(record.value) })))
      }
      expect(steps.length).toBeGreaterThan(1)
      expect(steps.every((step) => step.length > 0)).toBe(true)
      expect(sequences(steps.flat(), 'a')).toEqual(upTo(count))
      expect(steps.flat().every((record) => record.value.equals(value))).toBe(true)
    })

    test('a record has all that was produced, as one that was consumed has', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('logs')
      const sent = oddEnvelopes('logs')
      await bus.produce(topic, sent, never())
      const consumed = await readAll(bus, topic, 'g', sent.length)
      for (const record of consumed) {
        const { partition, offset } = record.origin
        const [found, ...more] = await rangeOf(bus, topic, partition, offset, offset + 1n)
        expect(more).toEqual([])
        expect({ ...withoutOrigin(found!), origin: found!.origin }).toEqual({ ...withoutOrigin(record), origin: record.origin })
      }
    })

    test('commits nothing', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(KEYS, 0, 3), never())
      const before = await bus.lag(topic, 'g', never())
      for (const { partition, end } of before) await rangeOf(bus, topic, partition, 0n, end)
      expect(await bus.lag(topic, 'g', never())).toEqual(before)
      expect(await readAll(bus, topic, 'g', KEYS.length * 3)).toHaveLength(KEYS.length * 3)
    })

    test('no such partition is an error that may pass', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const reading = rangeOf(bus, topic, 17, 0n, 10n)
      await expect(reading).rejects.toThrow(RetryableError)
      await expect(reading).rejects.toThrow(/partition 17/)
    })

    test('an abort ends it', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 1), never())
      const partition = await partitionOf(bus, topic)
      await expect(rangeOf(bus, topic, partition, 0n, 1n, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
    })
  })
}

/** The one partition that holds something. */
const partitionOf = async (bus: Bus, topic: string): Promise<number> =>
  (await bus.lag(topic, 'g', never())).find(({ end }) => end > 0n)!.partition

async function rangeOf(
  bus: Bus,
  topic: string,
  partition: number,
  from: bigint,
  to: bigint,
  signal: AbortSignal = never(),
): Promise<readonly BusRecord[]> {
  const found: BusRecord[] = []
  for await (const records of bus.read(topic, partition, from, to, signal))
    found.push(...records.map((record) => ({ ...record, value: Buffer.from(record.value) })))
  return found
}

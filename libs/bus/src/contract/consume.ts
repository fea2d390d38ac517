import { describe, expect, test } from 'vitest'

import type { BusAtHand } from './at-hand.ts'
import { consumption, never, readAll } from './consumption.ts'
import { KEYS, numbered, sequences, upTo } from './envelopes.ts'

export function describeConsume(at: BusAtHand): void {
  describe('consume', () => {
    test('a new group starts at the oldest message, and groups do not take from each other', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(KEYS, 0, 10), never())
      const [one, two] = await Promise.all(['one', 'two'].map((group) => readAll(bus, topic, group, KEYS.length * 10)))
      for (const key of KEYS) {
        expect(sequences(one ?? [], key)).toEqual(upTo(10))
        expect(sequences(two ?? [], key)).toEqual(upTo(10))
      }
    })

    test('messages that come while it waits are handed over', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const reading = consumption(bus, topic, 'g')
      for (let round = 0; round < 3; round++) {
        await bus.produce(topic, numbered(KEYS, round, 1), never())
        await reading.until(() => reading.records.length === KEYS.length * (round + 1))
      }
      await reading.stop()
      for (const key of KEYS) expect(sequences(reading.records, key)).toEqual(upTo(3))
    })

    test('a batch is of one partition, not empty, in the order of offsets; one call per partition is pending', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('logs')
      const pending = new Map<number, number>()
      const reading = consumption(bus, topic, 'g', async (batch) => {
        pending.set(batch.partition, (pending.get(batch.partition) ?? 0) + 1)
        expect(pending.get(batch.partition)).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        pending.set(batch.partition, 0)
      })
      for (let round = 0; round < 10; round++) await bus.produce(topic, numbered(KEYS, round, 1), never())
      await reading.until(() => reading.records.length === KEYS.length * 10)
      await reading.stop()
      for (const batch of reading.batches) {
        expect(batch.topic).toBe(topic)
        expect(batch.records.length).toBeGreaterThan(0)
        expect(new Set(batch.records.map(({ origin }) => origin.partition))).toEqual(new Set([batch.partition]))
      }
      const partitions = Map.groupBy(reading.records, ({ origin }) => origin.partition)
      expect(partitions.size).toBe(3)
      for (const records of partitions.values()) {
        const offsets = records.map(({ origin }) => origin.offset)
        expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => (a < b ? -1 : 1)))
      }
    })

    test('the first batch of each partition is marked as taken over, later ones are not', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const reading = consumption(bus, topic, 'g')
      for (let round = 0; round < 3; round++) {
        await bus.produce(topic, numbered(KEYS, round, 1), never())
        await reading.until(() => reading.records.length === KEYS.length * (round + 1))
      }
      await reading.stop()
      const partitions = Map.groupBy(reading.batches, ({ partition }) => partition)
      for (const batches of partitions.values()) {
        expect(batches.map(({ takeover }) => takeover)).toEqual(batches.map((_, index) => index === 0))
      }
    })

    test('the first batch of each partition tells where the group stood, later ones do not; a new group stood nowhere', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const stoodIn = async (rounds: readonly number[]) => {
        const reading = consumption(bus, topic, 'g')
        for (const [index, round] of rounds.entries()) {
          await bus.produce(topic, numbered(KEYS, round, 1), never())
          await reading.until(() => reading.records.length === KEYS.length * (index + 1))
        }
        await reading.stop()
        expect(reading.batches.every(({ expired }) => expired === undefined)).toBe(true)
        expect(reading.batches.filter(({ takeover, committed }) => !takeover && committed !== undefined)).toEqual([])
        return new Map(reading.batches.filter(({ takeover }) => takeover).map(({ partition, committed }) => [partition, committed]))
      }
      expect(new Set((await stoodIn([0, 1])).values())).toEqual(new Set([undefined]))
      const ends = new Map((await bus.lag(topic, 'g', never())).map(({ partition, end }) => [partition, end]))
      expect(await stoodIn([2, 3])).toEqual(ends)
    })

    test('a partition whose call is pending does not hold up the others', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(KEYS, 0, 1), never())
      const partitionOf = new Map((await readAll(bus, topic, 'probe', KEYS.length)).map(({ key, origin }) => [key, origin.partition]))
      const free = Promise.withResolvers<void>()
      const reading = consumption(bus, topic, 'g', ({ partition }) => (partition === 0 ? free.promise : Promise.resolve()))
      for (let round = 1; round < 20; round++) await bus.produce(topic, numbered(KEYS, round, 1), never())
      const others = KEYS.filter((key) => partitionOf.get(key) !== 0)
      await reading.until(() => others.every((key) => sequences(reading.records, key).length === 20))
      expect(reading.batches.filter(({ partition }) => partition === 0).length).toBeLessThanOrEqual(1)
      free.resolve()
      await reading.until(() => reading.records.length === KEYS.length * 20)
      await reading.stop()
      for (const key of KEYS) expect(sequences(reading.records, key)).toEqual(upTo(20))
    })
  })
}

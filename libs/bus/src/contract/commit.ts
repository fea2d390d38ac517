import type { BatchHandler } from '@clymene/model'
import { describe, expect, test, vi } from 'vitest'

import type { BusAtHand } from './at-hand.ts'
import { asError, never, readAll, WAIT_MS } from './consumption.ts'
import { KEYS, numbered, sequences, upTo } from './envelopes.ts'

export function describeCommit(at: BusAtHand): void {
  describe('commit', () => {
    test('a restart goes on after what was handled', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(KEYS, 0, 10), never())
      await readAll(bus, topic, 'g', KEYS.length * 10)
      await bus.close()
      const again = await at.open()
      await again.produce(topic, numbered(KEYS, 10, 1), never())
      const got = await readAll(again, topic, 'g', KEYS.length)
      for (const key of KEYS) expect(sequences(got, key)).toEqual([10])
    })

    test('a call that rejects ends the consumption with its error, and its batch comes again', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 5), never())
      const failure = new Error('the storage refuses')
      await expect(bus.consume(topic, 'g', () => Promise.reject(failure), never())).rejects.toBe(failure)
      const got = await readAll(bus, topic, 'g', 5)
      expect(sequences(got, 'a')).toEqual(upTo(5))
    })

    test('what a call commits by steps does not come again when it rejects later', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 5), never())
      const failure = new Error('the third body is refused')
      let committed = 0
      const bySteps: BatchHandler = async ({ records, commit }) => {
        await commit?.(1)
        const most = Math.min(2, records.length)
        await commit?.(most)
        committed = most
        throw failure
      }
      await expect(bus.consume(topic, 'g', bySteps, never())).rejects.toBe(failure)
      expect(committed).toBeGreaterThan(0)
      const got = await readAll(bus, topic, 'g', 5 - committed)
      expect(sequences(got, 'a')).toEqual(upTo(5).slice(committed))
    })

    test('a call that finishes after the stop is committed, and no new one starts', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 5), never())
      const free = Promise.withResolvers<void>()
      const stop = new AbortController()
      let calls = 0
      let handled = 0
      const done = bus.consume(
        topic,
        'g',
        async ({ records }) => {
          calls++
          await free.promise
          handled += records.length
        },
        stop.signal,
      )
      await vi.waitFor(() => expect(calls).toBe(1), { timeout: WAIT_MS })
      await bus.produce(topic, numbered(['a'], 5, 5), never())
      stop.abort()
      free.resolve()
      await done
      expect(calls).toBe(1)
      const got = await readAll(bus, topic, 'g', 10 - handled)
      expect(sequences(got, 'a')).toEqual(upTo(10).slice(handled))
    })

    test('a call that does not finish in the time for it has its signal aborted, and its batch comes again', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(['a'], 0, 5), never())
      const stop = new AbortController()
      const stuck: BatchHandler = (_, signal) => {
        stop.abort()
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(asError(signal.reason)), { once: true }))
      }
      await bus.consume(topic, 'g', stuck, stop.signal)
      expect(sequences(await readAll(bus, topic, 'g', 5), 'a')).toEqual(upTo(5))
    })

    test('a stop with nothing to read ends it', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const stop = new AbortController()
      const done = bus.consume(topic, 'g', () => Promise.resolve(), stop.signal)
      stop.abort()
      await expect(done).resolves.toBeUndefined()
    })

    test('lag is what a group has not handled yet', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      await bus.produce(topic, numbered(KEYS, 0, 10), never())
      const total = async (): Promise<number> =>
        (await bus.lag(topic, 'g', never())).reduce((sum, { committed, end }) => sum + Number(end - committed), 0)
      expect(await bus.lag(topic, 'g', never())).toHaveLength(3)
      expect(await total()).toBe(KEYS.length * 10)
      await readAll(bus, topic, 'g', KEYS.length * 10)
      expect(await total()).toBe(0)
      await bus.produce(topic, numbered(KEYS, 10, 2), never())
      expect(await total()).toBe(KEYS.length * 2)
    })
  })
}

import { PermanentError, type Envelope } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import type { BusAtHand } from './at-hand.ts'
import { never, readAll, WAIT_MS } from './consumption.ts'
import { byKey, KEYS, numbered, oddEnvelopes, randomBytes, sequences, upTo, withoutOrigin } from './envelopes.ts'

export function describeProduce(at: BusAtHand): void {
  describe('produce', () => {
    test('gives back kind, key, bytes and headers, with an origin that names the message', async () => {
      const bus = await at.open()
      for (const kind of ['metrics', 'logs'] as const) {
        const topic = await at.newTopic(kind)
        const sent = oddEnvelopes(kind)
        const before = Date.now()
        await bus.produce(topic, sent, never())
        const got = await readAll(bus, topic, 'g', sent.length)
        expect(byKey(got.map(withoutOrigin))).toEqual(byKey(sent))
        expect(new Set(got.map(({ origin }) => `${origin.partition}/${origin.offset}`)).size).toBe(sent.length)
        for (const { origin } of got) {
          expect(origin.topic).toBe(topic)
          expect(origin.logId).toMatch(/./)
          expect(Math.abs(origin.timestampMs - before)).toBeLessThan(WAIT_MS)
        }
        expect(new Set(got.map(({ origin }) => origin.logId)).size).toBe(1)
      }
    })

    test('keeps the order of a key, also over calls that are made without waiting', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const calls = Array.from({ length: 40 }, (_, call) => bus.produce(topic, numbered(KEYS, call * 5, 5), never()))
      await Promise.all(calls)
      const got = await readAll(bus, topic, 'g', KEYS.length * 200)
      for (const key of KEYS) expect(sequences(got, key)).toEqual(upTo(200))
    })

    test('nothing to send is fine', async () => {
      const bus = await at.open()
      await expect(bus.produce(await at.newTopic('logs'), [], never())).resolves.toBeUndefined()
    })

    test('rejects at once when its signal is aborted already', async () => {
      const bus = await at.open()
      await expect(bus.produce(await at.newTopic('logs'), numbered(['a'], 0, 1), AbortSignal.abort())).rejects.toThrow(/abort/i)
    })

    test('refuses a message over its limit as permanent, and takes those under it', async () => {
      const bus = await at.open()
      const topic = await at.newTopic('metrics')
      const half = sized(Math.floor(at.maxMessageBytes() / 2))
      await bus.produce(topic, [half], never())
      await expect(bus.produce(topic, [sized(at.maxMessageBytes() * 2)], never())).rejects.toThrow(PermanentError)
      await bus.produce(topic, [half], never())
      const got = await readAll(bus, topic, 'g', 2)
      expect(got.map(({ value }) => value.equals(half.value))).toEqual([true, true])
    })
  })
}

const sized = (bytes: number): Envelope => ({ kind: 'metrics', key: 'a', value: randomBytes(bytes), headers: {} })

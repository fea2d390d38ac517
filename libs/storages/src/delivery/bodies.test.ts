import type { EnvelopeHeaders } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { metricsDelivery, numbered, sample } from '../testing/messages.ts'
import { createBody, type BodyOptions } from './bodies.ts'
import { DEFAULT_LIMITS, type BodyLimits } from './limits.ts'

type Message = {
  readonly headers: EnvelopeHeaders
  readonly key?: string
  readonly bytes?: number
  readonly raw?: number
  readonly records?: number
}

/** How many messages each body gets when they come in this order. */
function bodiesOf(messages: readonly Message[], limits: BodyLimits = DEFAULT_LIMITS.metrics, options: BodyOptions = {}): number[] {
  const sizes: number[] = []
  let body = createBody(limits, options)
  for (const { headers, key = 'k', bytes = 1, raw = 1, records = 1 } of messages) {
    const delivery = metricsDelivery([sample('a', 1)], headers, key)
    const size = { bytes, uncompressedBytes: raw, records }
    if (body.add(delivery, size)) continue
    sizes.push(body.deliveries.length)
    body = createBody(limits, options)
    expect(body.add(delivery, size)).toBe(true)
  }
  return [...sizes, body.deliveries.length]
}

const sequences = (...list: readonly number[]): Message[] => list.map((sequence) => ({ headers: numbered(sequence) }))
const foreign: Message = { headers: {} }

describe('what may stand in one body', () => {
  const cases: [string, readonly Message[], number[]][] = [
    ['rising sequences', sequences(1, 2, 3), [3]],
    ['gaps are no matter', sequences(1, 5, 900), [3]],
    ['3, 1, 2: what is older begins a new body', sequences(3, 1, 2), [1, 2]],
    ['falling sequences', sequences(3, 2, 1), [1, 1, 1]],
    ['the same sequence again', sequences(1, 1), [1, 1]],
    ['another epoch of the same key', [...sequences(1), { headers: numbered(2, { epoch: 2 }) }], [1, 1]],
    ['another agent under the same key', [...sequences(1), { headers: numbered(2, { agent: 'b' }) }], [1, 1]],
    [
      'other keys side by side',
      [...sequences(5), { headers: numbered(1), key: 'l' }, ...sequences(6), { headers: numbered(2), key: 'l' }],
      [4],
    ],
    ['an older one of one key among others', [...sequences(5), { headers: numbered(1), key: 'l' }, ...sequences(4)], [2, 1]],
    ['another tenant', [...sequences(1), { headers: numbered(2, { tenant: 't' }) }, { headers: numbered(3, { tenant: 't' }) }], [1, 2]],
    ['no tenant and the empty one are the same', [...sequences(1), { headers: numbered(2, { tenant: '' }) }], [2]],
    ['unnumbered ones travel alone', [foreign, foreign, ...sequences(1, 2), foreign, ...sequences(3)], [1, 1, 2, 1, 1]],
    ['a number without epoch is none', [{ headers: { agent: 'a', sequence: 1 } }, ...sequences(2)], [1, 1]],
  ]
  test.each(cases)('%s', (_, messages, expected) => expect(bodiesOf(messages)).toEqual(expected))

  test('a storage that keeps parts of what it refuses: one message of each key', () => {
    const messages = [...sequences(1), { headers: numbered(1), key: 'l' }, ...sequences(2)]
    expect(bodiesOf(messages, DEFAULT_LIMITS.metrics, { storesParts: true })).toEqual([2, 1])
  })

  const limits = { maxBodyBytes: 10, maxBodyUncompressedBytes: 100, maxBodyRecords: 5, maxDecompressedBytes: 1000 }
  const sized: [string, Omit<Message, 'headers'>, number[]][] = [
    ['bytes to the limit', { bytes: 5 }, [2, 2]],
    ['bytes over the limit', { bytes: 6 }, [1, 1, 1, 1]],
    ['decompressed bytes', { raw: 34 }, [2, 2]],
    ['records', { records: 2 }, [2, 2]],
    ['a message that is larger on its own travels alone', { bytes: 99 }, [1, 1, 1, 1]],
  ]
  test.each(sized)('%s', (_, size, expected) => {
    expect(
      bodiesOf(
        sequences(1, 2, 3, 4).map((message) => ({ ...message, ...size })),
        limits,
      ),
    ).toEqual(expected)
  })
})

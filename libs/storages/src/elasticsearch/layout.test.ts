import type { Delivery } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { metricsDelivery } from '../testing/messages.ts'
import { clusterNamespace } from './data-stream.ts'
import { deliveryId } from './document-id.ts'
import { rfc3339Nano } from './layout.ts'

describe('clusterNamespace', () => {
  const cases: readonly [cluster: string, namespace: string][] = [
    ['', 'default'],
    ['c1', 'c1'],
    ['Prod-EU', 'prod-eu'],
    ['a/b\\c*d?e"f<g>h|i j,k#l:m', 'a_b_c_d_e_f_g_h_i_j_k_l_m'],
    ['tab\tand\nend', 'tab_and_end'],
    ['한국', '한국'],
    ['ÄÖ', 'äö'],
    ['.', '.'],
    ['x'.repeat(101), 'x'.repeat(100)],
    // Three bytes each: the 34th would be cut in the middle.
    ['한'.repeat(40), '한'.repeat(33)],
  ]
  test.each(cases)('%j becomes %j', (cluster, namespace) => {
    expect(clusterNamespace(cluster)).toBe(namespace)
  })
})

describe('rfc3339Nano', () => {
  const cases: readonly [ns: bigint, text: string][] = [
    [0n, '1970-01-01T00:00:00.000000000Z'],
    [1_660_698_123_456_789_123n, '2022-08-17T01:02:03.456789123Z'],
    [1_660_698_123_000_000_001n, '2022-08-17T01:02:03.000000001Z'],
    [-1n, '1969-12-31T23:59:59.999999999Z'],
  ]
  test.each(cases)('%s is %s', (ns, text) => {
    expect(rfc3339Nano(ns)).toBe(text)
  })
})

describe('deliveryId', () => {
  const delivery = (more: Partial<Delivery> = {}): Delivery => ({ ...metricsDelivery([]), ...more })
  const origin = { logId: 'l', topic: 't', partition: 1, offset: 5n, timestampMs: 9 }
  const numbered = { agent: 'a', epoch: 1, sequence: 2 }

  test('is the same for the same place, and another for any other', () => {
    const ids = [
      delivery({ origin }),
      delivery({ origin: { ...origin, logId: 'l2' } }),
      delivery({ origin: { ...origin, topic: 't2' } }),
      delivery({ origin: { ...origin, partition: 2 } }),
      delivery({ origin: { ...origin, offset: 6n } }),
      delivery({ origin: { ...origin, timestampMs: 10 } }),
      delivery({ headers: numbered }),
      delivery({ headers: { ...numbered, agent: 'b' } }),
      delivery({ headers: { ...numbered, epoch: 2 } }),
      delivery({ headers: { ...numbered, sequence: 3 } }),
      delivery({ headers: numbered, key: 'k2' }),
      delivery({ headers: numbered, kind: 'logs' }),
      delivery(),
      delivery(),
    ].map(deliveryId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => /^[\w-]{27}$/.test(id))).toBe(true)
    expect(deliveryId(delivery({ origin }))).toBe(deliveryId(delivery({ origin: { ...origin }, headers: { ...numbered, sequence: 77 } })))
    expect(deliveryId(delivery({ headers: numbered }))).toBe(deliveryId(delivery({ headers: { ...numbered } })))
  })

  test('of a delivery that nothing names stays with the object', () => {
    const one = delivery()
    expect(deliveryId(one)).toBe(deliveryId(one))
  })
})

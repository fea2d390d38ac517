import { describe, expect, test } from 'vitest'

import { numbered } from '../testing/messages.ts'
import { createRecentNumbers } from './recent.ts'

describe('recent numbers', () => {
  test.each([
    ['the same', 'k', numbered(1), 10, true],
    ['another sequence', 'k', numbered(2), 10, false],
    ['another key', 'l', numbered(1), 10, false],
    ['another epoch', 'k', numbered(1, { epoch: 2 }), 10, false],
    ['another agent', 'k', numbered(1, { agent: 'b' }), 10, false],
    ['another length', 'k', numbered(1), 11, false],
    ['no number', 'k', {}, 10, false],
  ] as const)('%s', (_, key, headers, bytes, expected) => {
    const recent = createRecentNumbers()
    recent.add('k', numbered(1), 10)
    recent.add('k', {}, 10)
    expect(recent.has(key, headers, bytes)).toBe(expected)
  })

  test('16 of a key are kept', () => {
    const recent = createRecentNumbers()
    for (let sequence = 1; sequence <= 17; sequence++) recent.add('k', numbered(sequence), 1)
    expect([1, 2, 17].map((sequence) => recent.has('k', numbered(sequence), 1))).toEqual([false, true, true])
  })

  test('10,000 keys are kept, the one written longest ago goes', () => {
    const recent = createRecentNumbers()
    for (let key = 0; key < 10_000; key++) recent.add(`k${key}`, numbered(1), 1)
    recent.add('k0', numbered(2), 1)
    recent.add('another', numbered(1), 1)
    expect(['k0', 'k1', 'k2'].map((key) => recent.has(key, numbered(1), 1))).toEqual([true, false, true])
  })
})

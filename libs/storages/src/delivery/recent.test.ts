import { describe, expect, test } from 'vitest'

import { numbered } from '../testing/messages.ts'
import { createRecentNumbers } from './recent.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

describe('recent numbers', () => {
  test.each([
    ['the same', 'k', numbered(1), 'value', true],
    ['another sequence', 'k', numbered(2), 'value', false],
    ['another key', 'l', numbered(1), 'value', false],
    ['another epoch', 'k', numbered(1, { epoch: 2 }), 'value', false],
    ['another agent', 'k', numbered(1, { agent: 'b' }), 'value', false],
    ['another length', 'k', numbered(1), 'value and more', false],
    ['another value of the same length: a piece of a cut message', 'k', numbered(1), 'VALUE', false],
    ['no number', 'k', {}, 'value', false],
  ] as const)('%s', (_, key, headers, value, expected) => {
    const recent = createRecentNumbers()
    recent.add('k', numbered(1), bytes('value'))
    recent.add('k', {}, bytes('value'))
    expect(recent.has(key, headers, bytes(value))).toBe(expected)
  })

  test('16 of a key are kept', () => {
    const recent = createRecentNumbers()
    for (let sequence = 1; sequence <= 17; sequence++) recent.add('k', numbered(sequence), bytes('x'))
    expect([1, 2, 17].map((sequence) => recent.has('k', numbered(sequence), bytes('x')))).toEqual([false, true, true])
  })

  test('every piece of a message that was cut, 72 at most', () => {
    const recent = createRecentNumbers()
    for (let piece = 1; piece <= 73; piece++) recent.add('k', numbered(1), bytes(`piece ${piece}`))
    const has = (piece: number): boolean => recent.has('k', numbered(1), bytes(`piece ${piece}`))
    expect([1, 2, 50, 73, 74].map(has)).toEqual([false, true, true, true, false])
  })

  test('10,000 keys are kept, the one written longest ago goes', () => {
    const recent = createRecentNumbers()
    for (let key = 0; key < 10_000; key++) recent.add(`k${key}`, numbered(1), bytes('x'))
    recent.add('k0', numbered(2), bytes('x'))
    recent.add('another', numbered(1), bytes('x'))
    expect(['k0', 'k1', 'k2'].map((key) => recent.has(key, numbered(1), bytes('x')))).toEqual([true, false, true])
  })
})

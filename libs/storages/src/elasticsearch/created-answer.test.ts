import { describe, expect, test } from 'vitest'

import { AnswerSerializer, countCreated } from './created-answer.ts'

const answerOf = (count: number): string => JSON.stringify({ items: Array.from({ length: count }, () => ({ create: { status: 201 } })) })

describe('the answer of a bulk that stored everything', () => {
  test.each([1, 2, 1000, 2, 1000])('is known as one of %d items', (count) => {
    expect(countCreated(answerOf(count))).toBe(count)
    expect(new AnswerSerializer().deserialize(answerOf(count))).toEqual({ created: count })
  })

  const others: readonly [name: string, text: string][] = [
    ['nothing', ''],
    ['no items', answerOf(0)],
    ['another status', answerOf(3).replace('201', '429')],
    ['the last one failed', `${answerOf(3).slice(0, -5)}9}}]}`],
    ['blanks', JSON.stringify({ items: [{ create: { status: 201 } }] }, undefined, 1)],
    ['an error of the same length', `{"error":"${'x'.repeat(answerOf(5).length - 12)}"}`],
    ['cut', answerOf(2).slice(0, answerOf(1).length)],
  ]
  test.each(others)('is not: %s', (_, text) => {
    expect(countCreated(answerOf(3))).toBe(3)
    expect(countCreated(text)).toBeUndefined()
  })

  test('any other is read as JSON', () => {
    expect(new AnswerSerializer().deserialize('{"items":[{"create":{"status":409}}]}')).toEqual({ items: [{ create: { status: 409 } }] })
    expect(() => new AnswerSerializer().deserialize('<html>')).toThrow(/JSON/)
  })
})

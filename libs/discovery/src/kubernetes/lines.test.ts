import { describe, expect, test } from 'vitest'

import { createLineCutter } from './lines.ts'

/** Lines of a text that comes in pieces of a size. */
function cut(text: string, size: number, maxBytes = 100) {
  const cutter = createLineCutter(maxBytes)
  const bytes = Buffer.from(text)
  const lines: string[] = []
  for (let start = 0; start < bytes.length; start += size) {
    for (const line of cutter.push(bytes.subarray(start, start + size))) lines.push(line === 'too long' ? line : line.toString())
  }
  return { lines, rest: cutter.rest() }
}

describe.each([1, 2, 3, 5, 100])('in pieces of %i bytes', (size) => {
  test.each<[text: string, lines: readonly string[], rest: number]>([
    ['', [], 0],
    ['a', [], 1],
    ['a\n', ['a'], 0],
    ['\n\n', ['', ''], 0],
    ['abc\ndé\nf', ['abc', 'dé'], 1],
  ])('%j', (text, lines, rest) => {
    expect(cut(text, size)).toEqual({ lines, rest })
  })

  test('a line that is too long is left out, the next one is whole', () => {
    expect(cut('12345\n123456\n1\n', size, 5).lines).toEqual(['12345', 'too long', '1'])
  })
})

test('never holds more than is allowed', () => {
  const cutter = createLineCutter(10)
  for (let pushed = 0; pushed < 1000; pushed++) {
    cutter.push(Buffer.alloc(7, 'x'))
    expect(cutter.rest()).toBeLessThanOrEqual(10 + 7)
  }
})

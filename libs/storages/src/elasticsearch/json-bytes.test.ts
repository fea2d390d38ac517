import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { JsonBytes } from './json-bytes.ts'

/** What is appended to a buffer that has to grow. */
function written(append: (out: JsonBytes) => void): string {
  const out = new JsonBytes(1)
  out.ascii('[')
  append(out)
  out.ascii(']')
  return out.buffer.toString('utf8', 1, out.length - 1)
}

const textOf = (bytes: Buffer): string => written((out) => out.text(Buffer.concat([Buffer.from('x'), bytes]), 1, bytes.length + 1))

describe('text', () => {
  const cases: readonly [name: string, bytes: Buffer, json: string][] = [
    ['nothing', Buffer.alloc(0), '""'],
    ['letters', Buffer.from('node_load1'), '"node_load1"'],
    ['quotes', Buffer.from('say "x"'), String.raw`"say \"x\""`],
    ['backslashes', Buffer.from('C:\\new'), String.raw`"C:\\new"`],
    ['line ends and tabs', Buffer.from('a\r\n\tb\b\f'), String.raw`"a\r\n\tb\b\f"`],
    ['another control character', Buffer.from('\u0000\u001b[31m"'), String.raw`"\u0000\u001b[31m\""`],
    ['delete, which needs nothing', Buffer.from('\u007f'), '"\u007f"'],
    ['other scripts', Buffer.from('한국 "é"'), String.raw`"한국 \"é\""`],
    ['a line separator', Buffer.from('\u2028'), '"\u2028"'],
    ['four bytes', Buffer.from('😀'), '"😀"'],
    // What a lone surrogate is in UTF-8 does not exist: each of its bytes is replaced, as everywhere in JavaScript.
    ['a lone surrogate', Buffer.from([0xed, 0xa0, 0x80]), '"\ufffd\ufffd\ufffd"'],
    ['a cut character', Buffer.from([0x61, 0xc3]), '"a\ufffd"'],
  ]
  test.each(cases)('%s', (_, bytes, json) => {
    expect(textOf(bytes)).toBe(json)
  })

  test('is what JSON.stringify makes of any bytes', () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(some, (bytes) => {
        expect(textOf(Buffer.from(bytes))).toBe(JSON.stringify(Buffer.from(bytes).toString()))
      }),
      { numRuns: 500 },
    )
  })
})

describe('number', () => {
  const cases = [0, -0, 1, -1, 9, 10, 99_999_999, 100_000_000, 100_000_001, -123_456_789_012, 2 ** 31, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53]
  const others = [2 ** 63, 1e21, 1e300, 0.1, -1.5, 5e-324, Number.MAX_VALUE]
  test.each([...cases, ...others])('%d', (value) => {
    expect(written((out) => out.number(value))).toBe(String(value))
  })

  test('is what JavaScript writes', () => {
    const some = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), fc.integer())
    fc.assert(
      fc.property(some, (value) => {
        expect(written((out) => out.number(value))).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 },
    )
  })
})

test('what is ready is appended as it is, whatever its length', () => {
  for (const length of [0, 1, 47, 48, 49, 5000]) {
    const ready = `"${'é'.repeat(length)}"`
    expect(written((out) => out.json(ready))).toBe(ready)
    expect(written((out) => out.raw(Buffer.from(ready)))).toBe(ready)
    expect(written((out) => out.ascii('x'.repeat(length)))).toBe('x'.repeat(length))
  }
})

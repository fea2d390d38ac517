import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { parseJson } from './parse.ts'
import { looksLikeJson } from './sniff.ts'

const nested = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels))

describe('parseJson', () => {
  test('brackets inside of texts do not count', () => {
    const line = '[{'.repeat(10_000)
    expect(parseJson(Buffer.from(JSON.stringify({ line, quoted: `\\"${line}` })))).toEqual({ line, quoted: `\\"${line}` })
  })

  test('bytes that are not UTF-8 become U+FFFD', () => {
    expect(parseJson(Buffer.from([0x22, 0xff, 0x22]))).toBe('\ufffd')
  })

  test('32 levels are read, 33 are not', () => {
    expect(parseJson(nested(32))).toBeDefined()
    expect(() => parseJson(nested(33))).toThrow('JSON nested deeper than 32 levels at byte 32')
    expect(() => parseJson(Buffer.alloc(10_000_000, '['))).toThrow(DecodeError)
  })

  test('many small objects are refused before they are made', () => {
    expect(() => parseJson(Buffer.from(`[${'[],'.repeat(1_000_000)}[]]`))).toThrow(/^JSON of too many objects for its length at byte \d+$/)
    expect(parseJson(Buffer.from(`[${'["1","x"],'.repeat(10_000)}[]]`))).toHaveLength(10_001)
  })

  test.each(['"', '"\\', '{"a', '{"a":"\\"}', '}}}}', ']', '\u0000'])('refuses %j', (json) => {
    expect(() => parseJson(Buffer.from(json))).toThrow(DecodeError)
  })
})

describe('looksLikeJson', () => {
  test.each([
    { name: 'compact', bytes: Buffer.from('{"timeseries":[]}'), json: true },
    { name: 'empty object', bytes: Buffer.from('{}'), json: true },
    { name: 'white space', bytes: Buffer.from(' \r\n\t{ \r\n\t"batch": {}}'), json: true },
    { name: 'nothing', bytes: Buffer.alloc(0), json: false },
    { name: 'white space alone', bytes: Buffer.from('  '), json: false },
    { name: 'a brace alone', bytes: Buffer.from('{'), json: false },
    { name: 'an array', bytes: Buffer.from('[{}]'), json: false },
    {
      name: 'a block of 123 bytes that begins with a literal',
      bytes: Buffer.concat([Buffer.from([0x7b, 0xf0, 0x7a]), Buffer.alloc(123)]),
      json: false,
    },
    { name: 'a block of 123 bytes that begins with a literal of nine', bytes: Buffer.from([0x7b, 0x20, 0x0a, 0x79, 0x0a]), json: false },
    { name: 'a block of ten bytes', bytes: Buffer.from([0x0a, 0x24, 0x0a, 0x08]), json: false },
  ])('$name', ({ bytes, json }) => {
    expect(looksLikeJson(bytes)).toBe(json)
  })
})

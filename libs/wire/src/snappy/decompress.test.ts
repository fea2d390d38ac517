import { DecodeError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { hex, outcomeOf } from '../testing/reference.ts'
import { TooLargeError } from '../too-large-error.ts'
import { createDecompressor, decompress } from './decompress.ts'
import { uncompressedLength } from './preamble.ts'

const ENOUGH = 1 << 20

// Written by github.com/golang/snappy 1.0.0 (snappy.Encode), the codec of Prometheus and Loki.
const GOLDEN = [
  { text: '', block: '00' },
  { text: 'a', block: '01 0061' },
  { text: 'hello hello hello hello hello', block: '1d 1468656c6c6f20 5a0600' },
  {
    text: 'Wikipedia is a free, web-based, collaborative, multilingual encyclopedia project.',
    block:
      '51 f05057696b697065646961206973206120667265652c207765622d62617365642c20636f6c6c61626f7261746976652c206d756c74696c696e6775616c20656e6379636c6f70656469612070726f6a6563742e',
  },
  { text: 'ab'.repeat(48), block: '60 046162 fe0200 760200' },
]

// Written by hand from format_description.txt of google/snappy.
const FORMS = [
  { name: 'literal with its length in one byte', text: 'x'.repeat(61), block: `3d f03c ${'78'.repeat(61)}` },
  { name: 'literal with its length in two bytes', text: 'x'.repeat(61), block: `3d f43c00 ${'78'.repeat(61)}` },
  { name: 'literal with its length in three bytes', text: 'x'.repeat(61), block: `3d f83c0000 ${'78'.repeat(61)}` },
  { name: 'literal with its length in four bytes', text: 'x'.repeat(61), block: `3d fc3c000000 ${'78'.repeat(61)}` },
  { name: 'copy with an offset of one byte, overlapping', text: 'ab'.repeat(4), block: '08 046162 0902' },
  { name: 'copy with an offset of two bytes', text: 'abcabc', block: '06 08616263 0a0300' },
  { name: 'copy with an offset of four bytes', text: 'abcabc', block: '06 08616263 0b03000000' },
  { name: 'length that is longer than needed', text: 'a', block: '8100 0061' },
]

describe('decompress', () => {
  test.each(GOLDEN)('golang/snappy: $text', ({ text, block }) => {
    expect(decompress(hex(block), ENOUGH).toString()).toBe(text)
    expect(uncompressedLength(hex(block))).toBe(text.length)
  })

  test.each(FORMS)('$name', ({ text, block }) => {
    expect(decompress(hex(block), ENOUGH).toString()).toBe(text)
  })

  const refused = [
    { name: 'nothing at all', block: '', error: 'snappy block ends inside its length at byte 0' },
    { name: 'length is cut', block: '80', error: 'snappy block ends inside its length at byte 1' },
    { name: 'length of six bytes', block: '808080808001', error: 'snappy block has a length of more than 5 bytes at byte 5' },
    { name: 'length over 4 GiB', block: 'ffffffff1f', error: 'snappy block claims more than 4 GiB at byte 4' },
    { name: 'literal is cut', block: '05 1061', error: 'snappy literal runs past the end of the block at byte 1' },
    { name: 'literal ends inside its length', block: '05 f4', error: 'snappy literal ends inside its length at byte 1' },
    { name: 'literal of 4 GiB', block: '05 fcffffffff', error: 'snappy literal runs past the end of the block at byte 1' },
    { name: 'literal longer than claimed', block: '01 046162', error: 'snappy block holds more than it claims at byte 1' },
    { name: 'copy longer than claimed', block: '03 046162 0902', error: 'snappy block holds more than it claims at byte 4' },
    { name: 'copy first', block: '04 0101', error: 'snappy copy points before the start of its output at byte 1' },
    { name: 'copy from before the start', block: '06 046162 0103', error: 'snappy copy points before the start of its output at byte 4' },
    { name: 'copy with offset 0', block: '06 046162 0100', error: 'snappy copy points before the start of its output at byte 4' },
    {
      name: 'copy from 4 GiB before',
      block: '06 046162 0fffffffff',
      error: 'snappy copy points before the start of its output at byte 4',
    },
    { name: 'copy ends inside its offset (1)', block: '06 046162 01', error: 'snappy copy ends inside its offset at byte 4' },
    { name: 'copy ends inside its offset (2)', block: '06 046162 0a02', error: 'snappy copy ends inside its offset at byte 4' },
    { name: 'copy ends inside its offset (4)', block: '06 046162 0b020000', error: 'snappy copy ends inside its offset at byte 4' },
    { name: 'less than claimed', block: '03 046162', error: 'snappy block holds 2 bytes and claims 3 at byte 4' },
    {
      name: 'more claimed than elements can hold',
      block: 'e807 046162',
      error: 'snappy block claims 1000 bytes, more than its elements can hold at byte 2',
    },
  ]
  test.each(refused)('refuses: $name', ({ block, error }) => {
    expect(() => decompress(hex(block), ENOUGH)).toThrow(DecodeError)
    expect(() => decompress(hex(block), ENOUGH)).toThrow(new RegExp(`^${error}$`))
  })

  test('a claim over the limit is refused before anything is allocated', () => {
    const claims4GiB = hex('ffffffff0f 0061')
    expect(() => decompress(claims4GiB, 100)).toThrow(TooLargeError)
    expect(() => decompress(claims4GiB, 100)).toThrow('decompressed message of 4294967295 bytes is over the limit of 100 at byte 0')
    expect(decompress(hex('1d 1468656c6c6f20 5a0600'), 29)).toHaveLength(29)
    expect(() => decompress(hex('1d 1468656c6c6f20 5a0600'), 28)).toThrow(TooLargeError)
  })

  test('every cut of a block is refused', () => {
    for (const { block } of [...GOLDEN, ...FORMS]) {
      const whole = hex(block)
      for (let length = 0; length < whole.length; length++) {
        expect(outcomeOf(() => decompress(whole.subarray(0, length), ENOUGH))).toBe('DecodeError')
      }
    }
  })
})

describe('createDecompressor', () => {
  test('gives one view after the other on the same memory', () => {
    const next = createDecompressor(ENOUGH)
    const first = next(hex('1d 1468656c6c6f20 5a0600'))
    expect(first.toString()).toBe('hello hello hello hello hello')
    const second = next(hex('01 0061'))
    expect(second.toString()).toBe('a')
    expect(second.buffer).toBe(first.buffer)
  })

  test('goes on after a damaged block', () => {
    const next = createDecompressor(ENOUGH)
    expect(() => next(hex('06 046162 0103'))).toThrow(DecodeError)
    expect(next(hex('01 0061')).toString()).toBe('a')
  })
})

import { describe, expect, test } from 'vitest'

import { compress } from './compress.ts'
import { decompress } from './decompress.ts'

describe('compress', () => {
  // By hand from format_description.txt of google/snappy; golang/snappy 1.0.0 reads each of them, and 3,000 random ones.
  const blocks = [
    { name: 'nothing', bytes: Buffer.alloc(0), block: '00' },
    { name: 'a few bytes are one literal', bytes: Buffer.from('up'), block: '02 047570' },
  ]
  test.each(blocks)('$name', ({ bytes, block }) => {
    expect(compress(bytes).toString('hex')).toBe(block.replaceAll(' ', ''))
  })

  test('runs shrink to three bytes for 64', () => {
    expect(compress(Buffer.alloc(64_000, 'up')).length).toBeLessThan(3100)
  })

  test('every length around the limits of literals and copies', () => {
    for (const repeat of [0, 1, 3, 4, 11, 12, 59, 60, 61, 64, 65, 67, 68, 69, 127, 128, 129]) {
      for (const literal of [1, 15, 16, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537]) {
        const bytes = Buffer.concat([noise(literal), Buffer.alloc(repeat, 'z'), noise(20)])
        expect(decompress(compress(bytes), bytes.length).equals(bytes)).toBe(true)
      }
    }
  })

  test('a later call leaves the block of an earlier one alone', () => {
    const first = compress(Buffer.from('first '.repeat(20)))
    compress(Buffer.from('other '.repeat(20)))
    expect(decompress(first, 1000).toString()).toBe('first '.repeat(20))
  })

  test('a block does not keep the memory that compressing took', () => {
    expect(compress(Buffer.alloc(1_000_000)).buffer.byteLength).toBeLessThan(100_000)
  })
})

/** Bytes in which nothing repeats for long. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let index = 0; index < length; index++) {
    state = (state * 48271) % 2147483647
    bytes[index] = state >>> 8
  }
  return bytes
}

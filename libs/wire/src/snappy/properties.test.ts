import { DecodeError } from '@clymene/model'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { outcomeOf } from '../testing/reference.ts'
import { compress, compressByJavaScript } from './compress.ts'
import { createDecompressor, decompress } from './decompress.ts'
import { uncompressedLength } from './preamble.ts'
import { spliceBlocks } from './splice.ts'

const ENOUGH = 1 << 24

/** Bytes with repeats near and far, as real bodies have them. */
const content = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.integer({ min: 1, max: 40 }), fc.nat({ max: 3000 })), {
    maxLength: 12,
  })
  .map((pieces) => Buffer.concat(pieces.flatMap(([bytes, times, zeros]) => [...Array<Uint8Array>(times).fill(bytes), Buffer.alloc(zeros)])))

describe('snappy', () => {
  test('what was compressed decompresses to the same, never much longer than it was', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const block = compress(bytes)
        expect(uncompressedLength(block)).toBe(bytes.length)
        expect(block.length).toBeLessThanOrEqual(32 + bytes.length + Math.ceil(bytes.length / 6))
        expect(decompress(block, ENOUGH).equals(bytes)).toBe(true)
      }),
    )
  })

  test('WebAssembly writes the same block as JavaScript, whatever was compressed before', () => {
    fc.assert(
      fc.property(content, fc.nat({ max: 40 }), (bytes, cut) => {
        const part = bytes.subarray(Math.min(cut, bytes.length))
        expect(compress(part).equals(compressByJavaScript(part))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('the same of noise, which becomes longer, and of what is too large for its memory', () => {
    let state = 1
    const noise = Buffer.alloc(200_000)
    for (let index = 0; index < noise.length; index++) noise[index] = (state = (state * 48_271) % 2_147_483_647) >>> 8
    const most = Buffer.alloc(8 << 20, noise)
    for (const bytes of [noise, most, Buffer.concat([most, noise])]) {
      const block = compress(bytes)
      expect(block.equals(compressByJavaScript(bytes))).toBe(true)
      expect(decompress(block, ENOUGH).equals(bytes)).toBe(true)
    }
  })

  test('repeats that are 64 KiB apart are found only as far as an offset of two bytes reaches', () => {
    const noise = Buffer.from(fc.sample(fc.uint8Array({ minLength: 300, maxLength: 300 }), { numRuns: 1, seed: 7 })[0] ?? [])
    for (const gap of [65_235, 65_236, 70_000, 200_000]) {
      const bytes = Buffer.concat([noise, Buffer.alloc(gap), noise])
      expect(decompress(compress(bytes), ENOUGH).equals(bytes)).toBe(true)
    }
  })

  test('a splice of any blocks decompresses to the concatenation', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(content, fc.boolean()), { maxLength: 6 }), (parts) => {
        const blocks = parts.map(([bytes, compressed]) => (compressed ? compress(bytes) : literalsOnly(bytes)))
        const whole = Buffer.concat(parts.map(([bytes]) => bytes))
        const spliced = spliceBlocks(blocks)
        expect(uncompressedLength(spliced)).toBe(whole.length)
        expect(decompress(spliced, ENOUGH).equals(whole)).toBe(true)
        expect(naiveDecompress(spliced)?.equals(whole)).toBe(true)
      }),
    )
  })

  test('a splice refuses damaged preambles and sums over 4 GiB', () => {
    expect(() => spliceBlocks([Buffer.from([0x80])])).toThrow(DecodeError)
    const claims3GiB = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x0c, 0x00, 0x61])
    expect(() => spliceBlocks([claims3GiB, claims3GiB])).toThrow('snappy blocks of 6442450944 bytes together cannot be one block')
  })

  test('a changed byte gives an error or what the format says, never bytes of an earlier block', () => {
    const next = createDecompressor(ENOUGH)
    fc.assert(
      fc.property(content, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, where, change) => {
        const damaged = compress(bytes)
        damaged[where % damaged.length]! ^= change
        next(compress(Buffer.alloc(2 * bytes.length + 100, 'secret of another sender')))
        expect(outcomeOf(() => next(damaged).toString('hex'))).toBe(naiveDecompress(damaged)?.toString('hex') ?? 'DecodeError')
      }),
    )
  })

  test('arbitrary bytes give an error or what the format says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(outcomeOf(() => decompress(bytes, ENOUGH).toString('hex'))).toBe(naiveDecompress(bytes)?.toString('hex') ?? 'DecodeError')
      }),
      { numRuns: 2000 },
    )
  })
})

/** A block of one literal, or of none. */
function literalsOnly(bytes: Uint8Array): Buffer {
  const block = [...Buffer.alloc(0)]
  let rest = bytes.length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) block.push((rest % 0x80) | 0x80)
  block.push(rest)
  if (bytes.length > 0) block.push(0xfc, ...[0, 8, 16, 24].map((shift) => ((bytes.length - 1) >>> shift) & 0xff))
  return Buffer.concat([Buffer.from(block), bytes])
}

/** The format description byte by byte, without a thought about speed; undefined when the block is damaged. */
function naiveDecompress(block: Uint8Array): Buffer | undefined {
  let read = 0
  const number = (bytes: number): number => {
    let value = 0
    for (let index = 0; index < bytes; index++) value += (block[read++] ?? Number.NaN) * 256 ** index
    return value
  }
  let length = 0
  for (let index = 0; ; index++) {
    const byte = block[read++]
    if (byte === undefined || index === 5) return undefined
    length += (byte & 0x7f) * 128 ** index
    if (byte < 0x80) break
  }
  const output: number[] = []
  while (read < block.length) {
    const tag = number(1)
    if (tag % 4 === 0) {
      const size = 1 + (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59))
      if (!(read + size <= block.length)) return undefined
      for (let index = 0; index < size; index++) output.push(number(1))
    } else {
      const size = tag % 4 === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
      const offset = tag % 4 === 1 ? (tag >> 5) * 256 + number(1) : number(tag % 4 === 2 ? 2 : 4)
      if (!(offset >= 1 && offset <= output.length)) return undefined
      for (let index = 0; index < size; index++) output.push(output[output.length - offset] ?? 0)
    }
    if (output.length > length) return undefined
  }
  return output.length === length ? Buffer.from(output) : undefined
}

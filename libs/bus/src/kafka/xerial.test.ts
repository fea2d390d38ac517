import { compress } from '@clymene/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { compressXerial, decompressXerial } from './xerial.ts'

const LIMIT = 1 << 20

describe('xerial framing', () => {
  test('gives back what went in, over several blocks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 1500 }), (piece, times) => {
        const bytes = Buffer.concat(Array.from({ length: times }, () => piece))
        expect(decompressXerial(compressXerial(bytes), LIMIT).equals(bytes)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  test('reads one bare block, as other clients write it', () => {
    expect(decompressXerial(compress(Buffer.from('hello')), LIMIT).toString()).toBe('hello')
  })

  const framed = compressXerial(Buffer.alloc(100_000, 'abc'))
  test('every cut between blocks or inside is an error or a prefix', () => {
    for (let length = 16; length < framed.length; length += 7) {
      const read = (): Buffer => decompressXerial(framed.subarray(0, length), LIMIT)
      try {
        expect(Buffer.alloc(100_000, 'abc').subarray(0, read().length).equals(read())).toBe(true)
      } catch (error) {
        expect(error).toMatchObject({ name: 'DecodeError' })
      }
    }
  })

  test.each([
    {
      name: 'a length below zero',
      bytes: Buffer.concat([framed.subarray(0, 16), Buffer.from('ffffffff', 'hex')]),
      error: /inside a block/,
    },
    { name: 'a length cut', bytes: framed.subarray(0, 18), error: /inside a length/ },
    { name: 'more than the limit', bytes: compressXerial(Buffer.alloc(LIMIT + 1)), error: /./ },
  ])('$name is an error', ({ bytes, error }) => {
    expect(() => decompressXerial(bytes, LIMIT)).toThrow(error)
  })
})

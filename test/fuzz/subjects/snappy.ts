import { DecodeError } from '@clymene/model'
import { compress, createDecompressor, decompress, spliceBlocks, TooLargeError } from '@clymene/wire'

import type { Random } from '../../chaos/random.ts'
import { BODIES } from '../bodies.ts'
import { excerpt, mutate } from '../mutate.ts'
import { decompressPlainly } from '../reference/snappy.ts'
import { difference, type Subject } from '../subject.ts'

const MAX_BYTES = 1 << 20
/** Literals and copies of every length and offset size. */
const WORDS = [
  '\0',
  '\x04ab',
  '\xf0',
  '\xf4',
  '\xf8',
  '\xfc',
  '\x01\x01',
  '\x05\x04',
  '\xe1\xff',
  '\x02\x01\0',
  '\xfe\xff\xff',
  '\x03\x01\0\0\0',
  '\x80\x80\x04',
]

/** A block that anybody could send, damaged or not; then the same bytes as content to compress, and two blocks as one. */
export const snappySubject: Subject = {
  name: 'snappy',
  make: (random) => {
    const content = excerpt(random.pick(BODIES.text), random, 60)
    const block = random.next() < 0.5 ? compress(repeated(content, random)) : content
    return random.next() < 0.1 ? block : mutate(block, random, WORDS)
  },
  problem: (input) => {
    const plain = decompressPlainly(input, MAX_BYTES)
    const wrong = difference({ plain: hex(plain), once: hex(outcome(input, decompress)), again: hex(outcome(input, lasting)) })
    if (wrong !== undefined) return wrong
    const middle = input.length >>> 1
    const spliced = spliceBlocks([compress(input.subarray(0, middle)), compress(input.subarray(middle))])
    return difference({
      content: hex(input),
      compressed: hex(decompressPlainly(compress(input), Infinity)),
      spliced: hex(decompressPlainly(spliced, Infinity)),
      splicedHere: hex(decompress(spliced, Infinity)),
    })
  },
}

const lastingDecompressor = createDecompressor(MAX_BYTES)
const lasting = (block: Buffer): Buffer => Buffer.from(lastingDecompressor(block))

function outcome(block: Buffer, read: (block: Buffer, maxBytes: number) => Buffer): Buffer | undefined {
  try {
    return read(block, MAX_BYTES)
  } catch (error) {
    if (error instanceof DecodeError || error instanceof TooLargeError) return undefined
    throw error
  }
}

const hex = (bytes: Buffer | undefined): string => bytes?.toString('hex') ?? 'refused'

/** Copies from near and from over 64 KiB away. */
function repeated(content: Buffer, random: Random): Buffer {
  const gap = random.pick([0, 0, 1, 60, 70_000])
  return Buffer.concat([content, Buffer.alloc(gap), content.subarray(0, random.between(0, content.length))])
}

import { DecodeError } from '@clymene/model'

import { TooLargeError } from '../too-large-error.ts'
import { createBodyMemory, MAX_BODY_BYTES, type BodyMemory } from '../wasm/body-memory.ts'
import { writeElements } from './elements.ts'
import { readPreamble } from './preamble.ts'

export type Decompressor = (block: Uint8Array) => Buffer

/** Three bytes make at most 64: what claims more than that is refused before anything is allocated. */
const MAX_RATIO = 22

/**
 * Decompresses block after block into one memory that it owns and grows.
 *
 * @returns a function whose result is valid until its next call.
 * @throws (the function) TooLargeError when a block claims more than `maxBytes`, checked before allocating;
 *   DecodeError when it is damaged: cut, a copy from before its start, more or less output than claimed.
 */
export function createDecompressor(maxBytes: number): Decompressor {
  let memory: BodyMemory | undefined
  return (block) => {
    const { length, elements } = checkedPreamble(block, maxBytes)
    if (block.length + length <= MAX_BODY_BYTES) {
      memory ??= createBodyMemory()
      const output = memory.decompress(block, elements, length)
      if (output !== undefined) return output
    }
    return inMemoryOfItsOwn(block, elements, length)
  }
}

let shared: BodyMemory | undefined

/** Decompresses one block into a buffer of its own. Errors as above. */
export function decompress(block: Uint8Array, maxBytes: number): Buffer {
  const { length, elements } = checkedPreamble(block, maxBytes)
  if (block.length + length <= MAX_BODY_BYTES) {
    shared ??= createBodyMemory()
    const bytes = shared.decompress(block, elements, length)
    if (bytes !== undefined) {
      const output = Buffer.allocUnsafeSlow(length)
      output.set(bytes)
      return output
    }
  }
  return inMemoryOfItsOwn(block, elements, length)
}

/** What is very large, and what is damaged: this says how. */
function inMemoryOfItsOwn(block: Uint8Array, elements: number, length: number): Buffer {
  const output = Buffer.allocUnsafeSlow(length)
  writeElements(block, elements, output, length)
  return output
}

function checkedPreamble(block: Uint8Array, maxBytes: number): { length: number; elements: number } {
  const preamble = readPreamble(block)
  if (preamble.length > maxBytes) throw new TooLargeError('decompressed message', preamble.length, maxBytes)
  if (preamble.length > MAX_RATIO * (block.length - preamble.elements)) {
    throw new DecodeError(`snappy block claims ${preamble.length} bytes, more than its elements can hold`, preamble.elements)
  }
  return preamble
}

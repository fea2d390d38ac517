import type { ExpectedLabel } from '../expected-label.ts'
import type { WriteRequestScan } from '../write-request/scan.ts'
import { BODY_WASM } from './body-wasm.ts'

/**
 * Memory of WebAssembly in which a block is decompressed and a `WriteRequest` is scanned where it then lies: 25 M samples per CPU-second each,
 * where JavaScript has 2.7 M and 6 M ([ADR 019](../../../../docs/adr/019-bodies-by-webassembly.md)).
 */
export type BodyMemory = {
  /**
   * @param elements where the elements of the block start, behind its length.
   * @returns a view that is valid until the next call; undefined when the block does not make exactly `length` bytes.
   */
  readonly decompress: (block: Uint8Array, elements: number, length: number) => Buffer | undefined
}

/**
 * Where things lie: 64 bytes of results, the block, what it makes, and in the last two KiB the texts that a scan looks for. The code moves up
 * to 64 bytes at once, so there are as many between them.
 */
const BLOCK = 64
const GAP = 64
const TEXTS = 2048
const PAGE = 1 << 16

/** A block and what it makes may have so many bytes together; the rest is for what lies around them. */
export const MAX_BODY_BYTES = 288 * PAGE - PAGE

type Exports = {
  readonly memory: WebAssembly.Memory
  /** Both are described in body.wat. */
  readonly decode: (read: number, end: number, out: number, length: number) => number
  readonly scan: (start: number, end: number, name: number, nameLength: number, value: number, valueLength: number) => number
}

type Scan = (start: number, length: number, expected: ExpectedLabel | undefined) => WriteRequestScan | undefined

let compiled: WebAssembly.Module | undefined

/** What body.wat exports, with a memory of its own. */
export const instantiateBody = (): unknown =>
  new WebAssembly.Instance((compiled ??= new WebAssembly.Module(Buffer.from(BODY_WASM, 'base64')))).exports

const scans = new WeakMap<ArrayBufferLike, Scan>()

/** It grows to what the largest body needs and stays there. */
export function createBodyMemory(): BodyMemory {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what body.wat exports
  const { memory, decode, scan } = instantiateBody() as Exports
  let bytes = Buffer.from(memory.buffer)
  let results = new DataView(memory.buffer)

  /** Views of before are empty from then on. */
  const grow = (needed: number): void => {
    if (needed <= bytes.length) return
    memory.grow(Math.ceil((needed - bytes.length) / PAGE))
    bytes = Buffer.from(memory.buffer)
    results = new DataView(memory.buffer)
    scans.set(memory.buffer, scanAt)
  }

  const scanAt: Scan = (start, length, expected) => {
    const name = bytes.length - TEXTS
    const nameLength = expected === undefined ? NO_LABEL : bytes.write(expected.name, name)
    const value = name + Math.max(nameLength, 0)
    const valueLength = expected === undefined ? 0 : bytes.write(expected.value, value)
    // A text that did not fit was cut.
    if (value + valueLength > bytes.length - LONGEST_CHARACTER) return undefined
    const series = scan(start, start + length, name, nameLength, value, valueLength)
    if (series === UNCOMMON) return undefined
    const samples = results.getUint32(0, true)
    return {
      series,
      samples,
      histograms: 0,
      exemplars: 0,
      metadata: 0,
      minTimestampMs: samples === 0 ? undefined : results.getFloat64(8, true),
      maxTimestampMs: samples === 0 ? undefined : results.getFloat64(16, true),
    }
  }

  scans.set(memory.buffer, scanAt)
  return {
    decompress: (block, elements, length) => {
      const end = BLOCK + block.length
      const output = end + GAP
      grow(output + length + GAP + TEXTS)
      bytes.set(block, BLOCK)
      return decode(BLOCK + elements, end, output, length) === 1 ? bytes.subarray(output, output + length) : undefined
    },
  }
}

const NO_LABEL = -1
const UNCOMMON = -1
const LONGEST_CHARACTER = 4

/** What a `WriteRequest` has, where it lies in a memory of ours and looks as nearly all do; else undefined. */
export function scanInPlace(bytes: Uint8Array, expected: ExpectedLabel | undefined): WriteRequestScan | undefined {
  return scans.get(bytes.buffer)?.(bytes.byteOffset, bytes.length, expected)
}

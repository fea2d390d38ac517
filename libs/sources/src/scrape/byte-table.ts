/** FNV-1a over bytes, 32 bits, signed: V8 keeps such numbers without a box. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash
}

const HASH = 0
const START = 1
const LENGTH = 2
/** The next row of the same bucket, -1 after the last. */
const NEXT = 3
/** Columns before those of who uses the table. */
export const FIRST_COLUMN = 4

const NO_ROWS = new Int32Array(0)
const NO_BYTES = Buffer.alloc(0)

/** The page that is read, and a view of it; never more than one. */
let viewed: Buffer = NO_BYTES
let view: DataView = new DataView(NO_BYTES.buffer)

function viewOf(bytes: Buffer): DataView {
  if (bytes === viewed) return view
  viewed = bytes
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return view
}

/** Whether `length` bytes are the same, 16 at a time: 190 bytes take 55 ns where Buffer.compare takes 95. */
function isSame(a: DataView, fromA: number, b: DataView, fromB: number, length: number): boolean {
  let [atA, atB] = [fromA, fromB]
  const end = fromA + length
  for (; atA + 16 <= end; atA += 16, atB += 16) {
    const differs =
      (a.getInt32(atA, true) ^ b.getInt32(atB, true)) |
      (a.getInt32(atA + 4, true) ^ b.getInt32(atB + 4, true)) |
      (a.getInt32(atA + 8, true) ^ b.getInt32(atB + 8, true)) |
      (a.getInt32(atA + 12, true) ^ b.getInt32(atB + 12, true))
    if (differs !== 0) return false
  }
  for (; atA < end; atA++, atB++) if (a.getInt8(atA) !== b.getInt8(atB)) return false
  return true
}

/**
 * Byte strings that are each stored once, with columns of 32 bits. A row is named by its place in `rows`: the columns of row `at`
 * are `rows[at]`, `rows[at + 1]`… A class and arrays of numbers for the memory: as objects in maps a million series of two strings
 * took 250 MB more, and each string its share of the garbage collector's time.
 */
export class ByteTable {
  rows = NO_ROWS
  /** The strings one after the other. */
  bytes = NO_BYTES
  /** Number of rows. */
  count = 0
  #used = 0
  #view = new DataView(NO_BYTES.buffer)
  #buckets = NO_ROWS
  readonly #stride: number

  constructor(ownColumns: number) {
    this.#stride = FIRST_COLUMN + ownColumns
  }

  /** Place behind the last row. */
  get end(): number {
    return this.count * this.#stride
  }

  get stride(): number {
    return this.#stride
  }

  start(at: number): number {
    return this.rows[at + START]! >>> 0
  }

  length(at: number): number {
    return this.rows[at + LENGTH]!
  }

  /** Whether the string of the row stands at `start`, whatever follows it. */
  standsAt(at: number, source: Buffer, start: number): boolean {
    const own = this.start(at)
    const length = this.length(at)
    return start + length <= source.length && isSame(this.#view, own, viewOf(source), start, length)
  }

  /** The row of `source[start, end)`, or -1. */
  find(source: Buffer, start: number, end: number, hash: number): number {
    if (this.count === 0) return -1
    const { rows } = this
    let at = this.#buckets[hash & (this.#buckets.length - 1)]!
    while (at >= 0 && (rows[at + HASH] !== hash || rows[at + LENGTH] !== end - start || !this.standsAt(at, source, start)))
      at = rows[at + NEXT]!
    return at
  }

  /** A new row for a string that is not there yet; its own columns are -1. */
  add(source: Buffer, start: number, end: number, hash: number): number {
    const at = this.end
    this.#reserve(this.count + 1, this.#used + end - start)
    const { rows } = this
    rows[at + HASH] = hash
    rows[at + START] = this.#used
    rows[at + LENGTH] = end - start
    rows.fill(-1, at + FIRST_COLUMN, at + this.#stride)
    source.copy(this.bytes, this.#used, start, end)
    this.#used += end - start
    this.count++
    if (this.count > this.#buckets.length) this.#index(2 * this.#buckets.length)
    else this.#chain(at)
    return at
  }

  /**
   * Keeps only some rows, in their order, in as much memory as they need.
   *
   * @param keep asked for each row before anything moves.
   * @returns the new place of each old row by its number (`at / stride`), -1 where it is gone.
   */
  compact(keep: (at: number) => boolean): Int32Array {
    const stride = this.#stride
    const { rows, bytes, count } = this
    const moved = new Int32Array(count).fill(-1)
    let [kept, length] = [0, 0]
    for (let row = 0; row < count; row++) {
      if (!keep(row * stride)) continue
      moved[row] = kept++ * stride
      length += this.length(row * stride)
    }
    this.rows = new Int32Array(kept * stride)
    this.#hold(Buffer.allocUnsafeSlow(length))
    this.#used = 0
    for (let row = 0; row < count; row++) {
      const to = moved[row]!
      if (to < 0) continue
      const [at, start] = [row * stride, rows[row * stride + START]! >>> 0]
      this.rows.set(rows.subarray(at, at + stride), to)
      this.rows[to + START] = this.#used
      this.#used += bytes.copy(this.bytes, this.#used, start, start + rows[at + LENGTH]!)
    }
    this.count = kept
    this.#index(roomFor(kept))
    return moved
  }

  clear(): void {
    this.rows = NO_ROWS
    this.#hold(NO_BYTES)
    this.#buckets = NO_ROWS
    this.count = 0
    this.#used = 0
  }

  /** Room for strings of so many bytes in all, where there is none yet: growing piece by piece leaves holes in the process's memory. */
  expect(bytes: number): void {
    if (this.#used === 0 && this.bytes.length < bytes) this.#resize(Math.min(bytes, MOST_EXPECTED))
  }

  /** Gives back what growing has reserved ahead, when it is worth a copy. */
  trim(): void {
    if (this.rows.length > TRIM * this.end + 64) this.rows = this.rows.slice(0, this.end)
    if (this.bytes.length > TRIM * this.#used + 1024) this.#resize(this.#used)
  }

  #reserve(rows: number, bytes: number): void {
    if (rows * this.#stride > this.rows.length) {
      const larger = new Int32Array(Math.ceil(Math.max(rows, 4, this.count * GROWTH)) * this.#stride)
      larger.set(this.rows)
      this.rows = larger
    }
    if (bytes > this.bytes.length) this.#resize(Math.max(bytes, 512, Math.ceil(this.#used * GROWTH)))
  }

  #resize(length: number): void {
    const other = Buffer.allocUnsafeSlow(length)
    this.bytes.copy(other, 0, 0, this.#used)
    this.#hold(other)
  }

  #hold(bytes: Buffer<ArrayBuffer>): void {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  #index(buckets: number): void {
    this.#buckets = new Int32Array(Math.max(buckets, 4)).fill(-1)
    for (let at = 0; at < this.end; at += this.#stride) this.#chain(at)
  }

  #chain(at: number): void {
    const bucket = this.rows[at + HASH]! & (this.#buckets.length - 1)
    this.rows[at + NEXT] = this.#buckets[bucket]!
    this.#buckets[bucket] = at
  }
}

/** What is ahead is given back by trim: most tables grow once and then stay as they are. */
const GROWTH = 1.5
const TRIM = 1.05
const MOST_EXPECTED = 16 * 1024 * 1024

const roomFor = (rows: number): number => 2 ** Math.ceil(Math.log2(Math.max(rows, 1)))

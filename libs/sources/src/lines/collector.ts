import { encodeStreams, type LineStream } from './stream.ts'

/** One batch, all of one tenant. */
export type CollectedBatch = { readonly tenant: string; readonly body: Buffer; readonly entries: number; readonly newestMs: number }

/**
 * Collects encoded entries until they are taken as `PushRequest`s. All streams share one buffer, in the order the lines
 * came, and each stream knows its runs in it: no buffer grows with the number of files. A class: `append` is called for
 * every line (150 ns for one of 140 bytes).
 */
export class Collector {
  #bytes: Buffer
  #length = 0
  #last: LineStream | undefined
  readonly #streams: LineStream[] = []
  readonly #initialSize: number
  #second = Number.NaN
  readonly #secondField = Buffer.alloc(1 + 10)
  #secondFieldLength = 0

  constructor(size: number) {
    this.#initialSize = size
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  /** Bytes of encoded entries. */
  get length(): number {
    return this.#length
  }

  /** Adds the UTF-8 text of `source` from `start` to `end`. Seconds since the epoch may be negative, nanos from 0. */
  append(stream: LineStream, seconds: number, nanos: number, source: Buffer, start: number, end: number): void {
    const length = end - start
    const begin = this.#length
    this.#reserve(length + MAX_OVERHEAD)
    const bytes = this.#bytes
    if (seconds !== this.#second) this.#encodeSecond(seconds)
    // EntryAdapter { Timestamp timestamp = 1 { int64 seconds = 1; int32 nanos = 2 }; string line = 2 }
    const timestampLength = this.#secondFieldLength + 1 + varintSize(nanos)
    let position = begin
    bytes[position++] = STREAM_ENTRY
    position = writeVarint(bytes, position, 2 + timestampLength + 1 + varintSize(length) + length)
    bytes[position++] = ENTRY_TIMESTAMP
    bytes[position++] = timestampLength
    for (let index = 0; index < this.#secondFieldLength; index++) bytes[position++] = this.#secondField[index] ?? 0
    bytes[position++] = TIMESTAMP_NANOS
    position = writeVarint(bytes, position, nanos)
    bytes[position++] = ENTRY_LINE
    position = writeVarint(bytes, position, length)
    source.copy(bytes, position, start, end)
    this.#length = position + length
    const milliseconds = seconds * 1000 + Math.floor(nanos / 1e6)
    if (milliseconds > stream.newestMs) stream.newestMs = milliseconds
    this.#note(stream, begin)
  }

  /** {@link append} for a line that is a string, with its timestamp in nanoseconds. */
  appendText(stream: LineStream, timestampNs: bigint, line: string): void {
    const nanos = BigInt.asUintN(64, ((timestampNs % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND)
    const bytes = Buffer.from(line)
    this.append(stream, Number((timestampNs - nanos) / NANOS_PER_SECOND), Number(nanos), bytes, 0, bytes.length)
  }

  /** Everything collected, one batch a tenant; the collector is empty afterwards. */
  take(): readonly CollectedBatch[] {
    const tenants = Map.groupBy(this.#streams, ({ tenant }) => tenant)
    const batches = Array.from(tenants, ([tenant, streams]) => ({
      tenant,
      body: encodeStreams(streams, this.#bytes),
      entries: streams.reduce((sum, { entries }) => sum + entries, 0),
      newestMs: streams.reduce((newest, stream) => Math.max(newest, stream.newestMs), -Infinity),
    }))
    for (const stream of this.#streams) {
      stream.runs.length = 0
      stream.bytes = 0
      stream.entries = 0
      stream.newestMs = -Infinity
    }
    this.#streams.length = 0
    this.#last = undefined
    this.#length = 0
    if (this.#bytes.length > this.#initialSize) this.#bytes = Buffer.allocUnsafeSlow(this.#initialSize)
    return batches
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + length, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }

  #note(stream: LineStream, begin: number): void {
    const end = this.#length
    if (stream.entries === 0) this.#streams.push(stream)
    if (stream === this.#last && stream.runs.length > 0) stream.runs[stream.runs.length - 1] = end
    else stream.runs.push(begin, end)
    stream.bytes += end - begin
    stream.entries++
    this.#last = stream
  }

  #encodeSecond(seconds: number): void {
    this.#second = seconds
    this.#secondField[0] = TIMESTAMP_SECONDS
    // int64: a negative number takes ten bytes, as its 64-bit two's complement.
    let rest = BigInt.asUintN(64, BigInt(seconds))
    let position = 1
    for (; rest > 0x7fn; rest >>= 7n) this.#secondField[position++] = Number(rest & 0x7fn) | 0x80
    this.#secondField[position++] = Number(rest)
    this.#secondFieldLength = position
  }
}

const STREAM_ENTRY = (2 << 3) | 2
const ENTRY_TIMESTAMP = (1 << 3) | 2
const ENTRY_LINE = (2 << 3) | 2
const TIMESTAMP_SECONDS = (1 << 3) | 0
const TIMESTAMP_NANOS = (2 << 3) | 0
const NANOS_PER_SECOND = 1_000_000_000n
/** Tags, lengths and timestamp of an entry: 1 + 5 + 1 + 1 + 11 + 6 + 1 + 5. */
const MAX_OVERHEAD = 31

function varintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let position = start
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes[position++] = (rest & 0x7f) | 0x80
  bytes[position++] = rest
  return position
}

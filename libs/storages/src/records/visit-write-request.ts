import { FieldCursor } from './field-cursor.ts'

export type WriteRequestVisitor = {
  /** The next series: its label fields are `bytes[start, end)`, ready to be compared with those of the last scrape. */
  readonly series: (bytes: Buffer, start: number, end: number) => void
  /** A sample of that series; the value as the two halves of its bits, because a number cannot carry a staleness marker for sure. */
  readonly sample: (timestampMs: number, low: number, high: number) => void
}

// WriteRequest   1: TimeSeries*
// TimeSeries     1: Label*   2: Sample*
// Label          1: name     2: value
// Sample         1: value (double)   2: timestamp (int64, ms)
const REPEATED_1 = 0x0a
const REPEATED_2 = 0x12
const VALUE = 0x09
const TIMESTAMP = 0x10

/**
 * Walks the samples of a remote-write 1.0 message without an object per sample. Exemplars, histograms and metadata are passed over.
 * Begins at `from` and ends early, after a series, when `pause` says so.
 *
 * @returns where it ended: what to give as `from` to go on.
 * @throws DecodeError for what the scan of libs/wire should have refused.
 */
export function visitWriteRequest(bytes: Buffer, visitor: WriteRequestVisitor, from = 0, pause: () => boolean = never): number {
  const cursor = new FieldCursor(bytes, from)
  while (cursor.at < bytes.length && !pause()) {
    const tag = cursor.varint()
    if (tag !== REPEATED_1) {
      cursor.skip(tag)
      continue
    }
    const messageEnd = cursor.end
    cursor.end = cursor.fieldEnd()
    visitSeries(cursor, visitor)
    cursor.at = cursor.end
    cursor.end = messageEnd
  }
  return cursor.at
}

const never = (): boolean => false

function visitSeries(cursor: FieldCursor, visitor: WriteRequestVisitor): void {
  const start = cursor.at
  let labelsStart = start
  let labelsEnd = start
  let contiguous = true
  let firstSample = cursor.end
  while (cursor.at < cursor.end) {
    const at = cursor.at
    const tag = cursor.varint()
    cursor.skip(tag)
    if (tag === REPEATED_2 && at < firstSample) firstSample = at
    if (tag !== REPEATED_1) continue
    if (labelsEnd === labelsStart) labelsStart = at
    else if (at !== labelsEnd) contiguous = false
    labelsEnd = cursor.at
  }
  if (contiguous) visitor.series(cursor.bytes, labelsStart, labelsEnd)
  else visitScattered(cursor, start, visitor)
  cursor.at = firstSample
  while (cursor.at < cursor.end) {
    const tag = cursor.varint()
    if (tag === REPEATED_2) visitSample(cursor, visitor)
    else cursor.skip(tag)
  }
}

/** Labels with samples between them are legal protobuf, though no known sender writes it: gathered first. */
function visitScattered(cursor: FieldCursor, start: number, visitor: WriteRequestVisitor): void {
  const parts: Buffer[] = []
  cursor.at = start
  while (cursor.at < cursor.end) {
    const at = cursor.at
    const tag = cursor.varint()
    cursor.skip(tag)
    if (tag === REPEATED_1) parts.push(cursor.bytes.subarray(at, cursor.at))
  }
  const labels = Buffer.concat(parts)
  visitor.series(labels, 0, labels.length)
}

function visitSample(cursor: FieldCursor, visitor: WriteRequestVisitor): void {
  const end = cursor.fieldEnd()
  let timestampMs = 0
  let low = 0
  let high = 0
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag === VALUE) {
      const at = cursor.advance(8)
      low = cursor.bytes.readUInt32LE(at)
      high = cursor.bytes.readUInt32LE(at + 4)
    } else if (tag === TIMESTAMP) timestampMs = cursor.int64()
    else cursor.skip(tag)
  }
  visitor.sample(timestampMs, low, high)
}

const STALE_LOW = 0x0000_0002
const STALE_HIGH = 0x7ff0_0000

/** Prometheus' staleness marker: the series has ended. */
export const isStale = (low: number, high: number): boolean => low === STALE_LOW && high === STALE_HIGH

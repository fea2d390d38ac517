import { FieldCursor } from './field-cursor.ts'

export type PushRequestVisitor = {
  /** The next stream: its labels as Loki's text, `{job="a"}`, are `bytes[start, end)`. */
  readonly stream: (bytes: Buffer, start: number, end: number) => void
  /** An entry of that stream; its line is `bytes[start, end)`, its structured metadata lies in `metadata` (fields 3), if any. */
  readonly entry: (timestampNs: bigint, bytes: Buffer, start: number, end: number, metadata: readonly Buffer[]) => void
}

/** Where a walk stands: at a stream, or inside one that is too long for one go. */
export type PushRequestPosition = { readonly stream: number; readonly entry: number }

export const PUSH_REQUEST_START: PushRequestPosition = { stream: 0, entry: 0 }

// PushRequest   1: Stream*
// Stream        1: labels   2: Entry*
// Entry         1: Timestamp {1: seconds (int64), 2: nanos (int32)}   2: line   3: structured metadata*
const FIELD_1 = 0x0a
const FIELD_2 = 0x12
const FIELD_3 = 0x1a
const VARINT_1 = 0x08
const VARINT_2 = 0x10

const NO_METADATA: readonly Buffer[] = []

/**
 * Walks the entries of a Loki push message. Begins at `from` and ends early, after an entry, when `pause` says so.
 *
 * @returns where it ended, to go on from; undefined at the end of the message.
 * @throws DecodeError for what the scan of libs/wire should have refused.
 */
export function visitPushRequest(
  bytes: Buffer,
  visitor: PushRequestVisitor,
  from: PushRequestPosition = PUSH_REQUEST_START,
  pause: () => boolean = () => false,
): PushRequestPosition | undefined {
  const cursor = new FieldCursor(bytes, from.stream)
  let entriesFrom = from.entry
  while (cursor.at < bytes.length) {
    const stream = cursor.at
    const tag = cursor.varint()
    if (tag !== FIELD_1) {
      cursor.skip(tag)
      continue
    }
    const messageEnd = cursor.end
    cursor.end = cursor.fieldEnd()
    const entry = visitStream(cursor, visitor, entriesFrom, pause)
    if (entry !== undefined) return { stream, entry }
    entriesFrom = 0
    cursor.at = cursor.end
    cursor.end = messageEnd
  }
  return undefined
}

/** @returns where the next entry begins when the walk paused, undefined when the stream is done. */
function visitStream(cursor: FieldCursor, visitor: PushRequestVisitor, from: number, pause: () => boolean): number | undefined {
  const start = cursor.at
  announceLabels(cursor, visitor)
  cursor.at = Math.max(start, from)
  while (cursor.at < cursor.end) {
    if (pause()) return cursor.at
    const tag = cursor.varint()
    if (tag === FIELD_2) visitEntry(cursor, visitor)
    else cursor.skip(tag)
  }
  return undefined
}

function announceLabels(cursor: FieldCursor, visitor: PushRequestVisitor): void {
  while (cursor.at < cursor.end) {
    const tag = cursor.varint()
    if (tag === FIELD_1) {
      const end = cursor.fieldEnd()
      return visitor.stream(cursor.bytes, cursor.at, end)
    }
    cursor.skip(tag)
  }
  visitor.stream(cursor.bytes, 0, 0)
}

function visitEntry(cursor: FieldCursor, visitor: PushRequestVisitor): void {
  const end = cursor.fieldEnd()
  let timestampNs = 0n
  let lineStart = 0
  let lineEnd = 0
  let metadata: Buffer[] | undefined
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag === FIELD_1) timestampNs = readTimestamp(cursor)
    else if (tag === FIELD_2) {
      lineEnd = cursor.fieldEnd()
      lineStart = cursor.at
      cursor.at = lineEnd
    } else if (tag === FIELD_3) {
      const metadataEnd = cursor.fieldEnd()
      metadata ??= []
      metadata.push(cursor.bytes.subarray(cursor.at, metadataEnd))
      cursor.at = metadataEnd
    } else cursor.skip(tag)
  }
  visitor.entry(timestampNs, cursor.bytes, lineStart, lineEnd, metadata ?? NO_METADATA)
}

function readTimestamp(cursor: FieldCursor): bigint {
  const end = cursor.fieldEnd()
  let seconds = 0
  let nanos = 0
  while (cursor.at < end) {
    const tag = cursor.varint()
    if (tag === VARINT_1) seconds = cursor.int64()
    else if (tag === VARINT_2) nanos = cursor.int64()
    else cursor.skip(tag)
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}

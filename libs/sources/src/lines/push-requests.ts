import type { LineStream } from './stream.ts'
import { varintSize, writeVarint } from './varint.ts'

/** Some entries of one stream, next to each other in its order. */
type Piece = { readonly stream: LineStream; readonly runs: number[]; bytes: number; entries: number }

/** Where a body of so many bytes is written. */
export type Allocate = (size: number) => Buffer

export type PushRequestBody = { readonly body: Buffer; readonly entries: number; readonly newestMs: number }

// logproto.proto: PushRequest { repeated StreamAdapter streams = 1 }, StreamAdapter { string labels = 1; repeated EntryAdapter entries = 2 }.
const REQUEST_STREAM = (1 << 3) | 2

/** Bytes of a stream in a `PushRequest` beside its entries: tag, length and labels. */
export const streamOverhead = (stream: LineStream): number => MAX_STREAM_START + stream.labelField.length

const MAX_STREAM_START = 1 + 5

/**
 * The streams' runs in `bytes` as `PushRequest`s of at most `maxBytes`, streams and entries in their order. An entry that is larger
 * by itself is a request of its own, so that whoever refuses it refuses nothing else.
 */
export function* encodePushRequests(
  streams: readonly LineStream[],
  bytes: Buffer,
  maxBytes: number,
  allocate: Allocate,
): Generator<PushRequestBody> {
  let pieces: Piece[] = []
  let size = 0
  for (const stream of streams) {
    const overhead = streamOverhead(stream)
    if (size + overhead + stream.bytes <= maxBytes) {
      pieces.push({ stream, runs: stream.runs, bytes: stream.bytes, entries: stream.entries })
      size += overhead + stream.bytes
      continue
    }
    let piece: Piece | undefined
    for (const [begin, end] of entriesOf(stream, bytes)) {
      if (pieces.length > 0 && size + (piece === undefined ? overhead : 0) + end - begin > maxBytes) {
        yield encode(pieces, bytes, allocate)
        ;[pieces, size, piece] = [[], 0, undefined]
      }
      if (piece === undefined) {
        piece = { stream, runs: [], bytes: 0, entries: 0 }
        pieces.push(piece)
        size += overhead
      }
      extend(piece, begin, end)
      size += end - begin
    }
  }
  if (pieces.length > 0) yield encode(pieces, bytes, allocate)
}

function extend(piece: Piece, begin: number, end: number): void {
  const { runs } = piece
  if (runs.at(-1) === begin) runs[runs.length - 1] = end
  else runs.push(begin, end)
  piece.bytes += end - begin
  piece.entries++
}

/** Where each entry begins and ends: a tag of one byte, its length, and so many bytes. */
function* entriesOf({ runs }: LineStream, bytes: Buffer): Generator<readonly [begin: number, end: number]> {
  for (let run = 0; run < runs.length; run += 2) {
    const runEnd = runs[run + 1] ?? 0
    for (let begin = runs[run] ?? 0; begin < runEnd;) {
      let position = begin + 1
      let length = 0
      for (let unit = 1, more = true; more; unit *= 128) {
        const byte = bytes[position++] ?? 0
        length += (byte & 0x7f) * unit
        more = byte > 0x7f
      }
      yield [begin, position + length]
      begin = position + length
    }
  }
}

function encode(pieces: readonly Piece[], bytes: Buffer, allocate: Allocate): PushRequestBody {
  const lengths = pieces.map((piece) => piece.stream.labelField.length + piece.bytes)
  const body = allocate(lengths.reduce((sum, length) => sum + 1 + varintSize(length) + length, 0))
  let position = 0
  for (const [index, { stream, runs }] of pieces.entries()) {
    body[position++] = REQUEST_STREAM
    position = writeVarint(body, position, lengths[index] ?? 0)
    position += stream.labelField.copy(body, position)
    for (let run = 0; run < runs.length; run += 2) position += bytes.copy(body, position, runs[run], runs[run + 1])
  }
  return {
    body,
    entries: pieces.reduce((sum, piece) => sum + piece.entries, 0),
    // Of a stream that is divided it is the newest of all its entries.
    newestMs: pieces.reduce((newest, { stream }) => Math.max(newest, stream.newestMs), -Infinity),
  }
}

import { PermanentError, type Envelope } from '@clymene/model'
import { toHeaders } from '@clymene/wire'

import { cutMessage } from './cut-message.ts'
import type { ProduceCall } from './produce-call.ts'
import { encodeHeaders, type OutgoingRecord } from './record-batch.ts'

/** One message on its way: in a queue, or in the one request that its partition has in flight. */
export type Outgoing = {
  readonly envelope: Envelope
  readonly record: OutgoingRecord
  /** What it adds to a request. */
  readonly bytes: number
  /** By the clock of `performance.now()`. */
  readonly queuedAt: number
  readonly call: ProduceCall
  /** Which of the call's envelopes it is, or is a piece of. */
  readonly delivery: number
  /** Index, within that envelope, of its first sample or entry. */
  readonly position: number
}

/** What a record batch adds to each message, at most: lengths, and a share of the batch's header. */
const OVERHEAD_BYTES = 96
/** The header of a piece that its whole has not: its name, at most 16 digits and two lengths. */
const POSITION_BYTES = 'clymene-position'.length + 18

export function createOutgoing(
  envelope: Envelope,
  { call, delivery, position = 0, queuedAt = performance.now() }: Pick<Outgoing, 'call' | 'delivery'> & Partial<Outgoing>,
): Outgoing {
  const { key, value, headers, extra } = envelope
  const record = { key: Buffer.from(key), value, headers: encodeHeaders({ ...extra, ...toHeaders(headers) }) }
  const bytes = record.key.length + value.length + record.headers.length + OVERHEAD_BYTES
  return { envelope, record, bytes, queuedAt, call, delivery, position }
}

/**
 * Pieces that take the message's place, in order, each of at most `maxBytes` where that is possible; undefined when it cannot be cut.
 * Its call then waits for all of them.
 */
export function cutOutgoing(
  { envelope, bytes, queuedAt, call, delivery, position }: Outgoing,
  maxBytes: number,
): readonly Outgoing[] | undefined {
  const around = bytes - envelope.value.length + POSITION_BYTES
  const pieces = cutMessage(envelope, Math.max(maxBytes - around, 1))
  if (pieces === undefined) return undefined
  call.divided(pieces.length)
  return pieces.map((piece) => createOutgoing(piece.envelope, { call, delivery, position: position + piece.position, queuedAt }))
}

/** Tells the caller that a message is too large for good. The others of its call go on when it can be said what they do not include. */
export function refuseOutgoing({ envelope, bytes, call, delivery, position }: Outgoing, why: string): void {
  const { kind, headers, extra } = envelope
  const records = extra === undefined ? (headers.records ?? 0) : 0
  const what = records === 1 ? (kind === 'metrics' ? 'one sample' : 'one entry') : 'a message that cannot be cut'
  const reason = `${what} of ${bytes} bytes is too large: ${why}`
  if (records === 0) call.fail(new PermanentError(reason, { status: 413 }))
  else call.refused(Array.from({ length: records }, (_, index) => ({ delivery, record: position + index, reason })))
}

import { DecodeError, JSON_TYPE, type Envelope, type Kind } from '@clymene/model'
import {
  compress,
  decodeBatchJson,
  decodeMetricsJson,
  decodePushRequest,
  decodeWriteRequest,
  decompress,
  encodeBatchJson,
  encodeMetricsJson,
  encodePushRequest,
  encodeWriteRequest,
  scanPushRequest,
  scanWriteRequest,
  splitPushRequest,
  splitSeries,
  splitWriteRequest,
} from '@clymene/wire'

/** A piece of a message: a message of its own, with the key, number and headers of the whole, and its position in what was whole first. */
export type Piece = {
  readonly envelope: Envelope
  /** Index, within the whole, of its first sample or entry. */
  readonly position: number
}

/**
 * Cuts a message between series or samples, streams or entries until each piece has at most `maxBytes`, in order. A piece that cannot
 * be cut any further (one sample with huge labels, one entry) stays larger.
 *
 * @returns undefined when it cannot be cut at all: it has one record, or its bytes are not ours to read (a dead letter).
 */
export function cutMessage(envelope: Envelope, maxBytes: number): readonly Piece[] | undefined {
  const form = formOf(envelope)
  try {
    return form && cut(envelope, form, maxBytes)
  } catch (error) {
    // What was marked as scanned is not looked at again before.
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** How a message holds its protobuf. */
type Form = { readonly open: (value: Buffer) => Buffer; readonly close: (bytes: Buffer) => Buffer }

function formOf({ kind, headers, extra }: Envelope): Form | undefined {
  if (extra !== undefined) return undefined
  if (headers.scanned === true) return BLOCK
  if (headers.contentType !== JSON_TYPE) return undefined
  return kind === 'metrics' ? METRICS_JSON : logsJson(headers.tenant ?? '')
}

/** It was scanned under its reader's limit; this one only bounds what a damaged block could claim. */
const MAX_OPEN_BYTES = 512 * 1024 * 1024

const BLOCK: Form = { open: (value) => decompress(value, MAX_OPEN_BYTES), close: compress }

const METRICS_JSON: Form = {
  open: (value) => encodeWriteRequest(decodeMetricsJson(value)),
  close: (bytes) => encodeMetricsJson(decodeWriteRequest(bytes)),
}

const logsJson = (tenant: string): Form => ({
  open: (value) => encodePushRequest(decodeBatchJson(value).streams),
  close: (bytes) => encodeBatchJson(decodePushRequest(bytes), tenant),
})

function cut(envelope: Envelope, { open, close }: Form, maxBytes: number): readonly Piece[] | undefined {
  const { halve, count } = STRUCTURE[envelope.kind]
  const whole = open(envelope.value)
  const halves = halve(whole)
  if (halves === undefined) return undefined
  const pieces: Piece[] = []
  /** What is cut may be a piece itself. */
  const start = envelope.headers.position ?? 0
  let position = 0
  const add = (value: Buffer, records: number): void => {
    pieces.push({ envelope: { ...envelope, value, headers: { ...envelope.headers, records, position: start + position } }, position })
    position += records
  }
  // What a half becomes is guessed from the whole, so that only those that may fit are encoded.
  const ratio = envelope.value.length / whole.length
  const addWithin = (bytes: Buffer): void => {
    const value = bytes.length * ratio <= maxBytes ? close(bytes) : undefined
    const smaller = value !== undefined && value.length <= maxBytes ? undefined : halve(bytes)
    if (smaller === undefined) add(value ?? close(bytes), count(bytes))
    else for (const half of smaller) addWithin(half)
  }
  for (const half of halves) addWithin(half)
  return pieces
}

type Structure = { readonly halve: (bytes: Buffer) => [Buffer, Buffer] | undefined; readonly count: (bytes: Buffer) => number }

const STRUCTURE: Readonly<Record<Kind, Structure>> = {
  metrics: {
    halve: (bytes) => splitWriteRequest(bytes) ?? splitSeries(bytes),
    count: (bytes) => {
      const { samples, histograms } = scanWriteRequest(bytes)
      return samples + histograms
    },
  },
  logs: { halve: splitPushRequest, count: (bytes) => scanPushRequest(bytes).entries },
}

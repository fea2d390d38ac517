import { crc32 } from 'node:zlib'

import { KINDS, PermanentError, type BusRecord, type Envelope, type EnvelopeHeaders, type Kind } from '@clymene/model'

/*
 * One record of a segment, numbers big-endian:
 *
 *    0  u32  length of what follows the checksum
 *    4  u32  CRC-32 of what follows
 *    8  u64  offset
 *   16  u64  timestamp, milliseconds since the epoch
 *   24  u8   kind: 0 metrics, 1 logs
 *   25  u16  which headers there are: a bit for each of TEXTS and NUMBERS, `scanned` there, `scanned` true, further ones
 *   27  u16  length of the key, then the key in UTF-8
 *            each text header: u16 length and UTF-8; each number header: f64
 *            further headers: u16 how many, then name and text of each like a text header
 *            the value: all the rest
 */
const CRC = 4
const OFFSET = 8
const TIMESTAMP = 16
const KIND = 24
const FIELDS = 25
const KEY = 27
/** No record is shorter. */
export const MIN_RECORD_BYTES = KEY + 2
const MAX_TEXT_BYTES = 0xffff

const RECORDS = 1 << 7
const TEXTS = ['contentType', 'tenant', 'cluster', 'agent', 'stream'] as const
const NUMBERS = [
  { name: 'epoch', bit: 1 << 5 },
  { name: 'sequence', bit: 1 << 6 },
  { name: 'records', bit: RECORDS },
  // Records that were written before there were these have none of their bits.
  { name: 'position', bit: 1 << 11 },
  { name: 'newestMs', bit: 1 << 12 },
] as const
const SCANNED = 1 << 8
const SCANNED_TRUE = 1 << 9
const EXTRA = 1 << 10
// A header that the model has and this layout has not would be lost in silence: then this line does not compile.
null satisfies Exclude<keyof EnvelopeHeaders, (typeof TEXTS)[number] | (typeof NUMBERS)[number]['name'] | 'scanned'> extends never
  ? null
  : never

/** Values up to this size are copied behind their head: cheaper than an entry more in writev (1 KiB values: 1.5 times). */
const COPY_BYTES = 8192

/** A record that waits for its offset: {@link sealRecord} writes it in. */
export type EncodedRecord = {
  /** Everything but the value, or everything when the value is small. */
  readonly head: Buffer
  /** The caller's own buffer; empty when it is part of the head. */
  readonly value: Buffer
  readonly bytes: number
}

/** @throws PermanentError when the key, a header or the number of headers is over 65,535. */
export function encodeRecord({ kind, key, headers, extra, value }: Envelope): EncodedRecord {
  const texts = TEXTS.map((name) => headers[name])
  const numbers = NUMBERS.map(({ name }) => headers[name])
  const further = extra === undefined ? undefined : Object.entries(extra)
  let headBytes = KEY + textBytes('key', key)
  for (const [index, text] of texts.entries()) if (text !== undefined) headBytes += textBytes(TEXTS[index] ?? '', text)
  for (const number of numbers) if (number !== undefined) headBytes += 8
  if (further !== undefined) headBytes += furtherBytes(further)
  const copied = value.length <= COPY_BYTES
  const head = Buffer.allocUnsafe(headBytes + (copied ? value.length : 0))
  head.writeUInt32BE(headBytes + value.length - OFFSET, 0)
  head[KIND] = KINDS.indexOf(kind)
  let fields =
    (headers.scanned === undefined ? 0 : headers.scanned ? SCANNED | SCANNED_TRUE : SCANNED) | (further === undefined ? 0 : EXTRA)
  let at = writeText(head, key, KEY)
  for (const [index, text] of texts.entries()) {
    if (text === undefined) continue
    fields |= 1 << index
    at = writeText(head, text, at)
  }
  for (const [index, number] of numbers.entries()) {
    if (number === undefined) continue
    fields |= NUMBERS[index]?.bit ?? 0
    at = head.writeDoubleBE(number, at)
  }
  if (further !== undefined) at = writeFurther(head, further, at)
  head.writeUInt16BE(fields, FIELDS)
  if (copied) head.set(value, at)
  return { head, value: copied ? EMPTY : value, bytes: headBytes + value.length }
}

const EMPTY = Buffer.alloc(0)

function textBytes(name: string, text: string): number {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_TEXT_BYTES) throw new PermanentError(`${name} of a message has ${bytes} bytes, at most ${MAX_TEXT_BYTES} are possible`)
  return 2 + bytes
}

function writeText(head: Buffer, text: string, at: number): number {
  const bytes = head.write(text, at + 2)
  head.writeUInt16BE(bytes, at)
  return at + 2 + bytes
}

function furtherBytes(further: readonly (readonly [string, string])[]): number {
  if (further.length > MAX_TEXT_BYTES)
    throw new PermanentError(`a message has ${further.length} headers, at most ${MAX_TEXT_BYTES} are possible`)
  return further.reduce((sum, [name, text]) => sum + textBytes('name of a header', name) + textBytes(name, text), 2)
}

function writeFurther(head: Buffer, further: readonly (readonly [string, string])[], start: number): number {
  let at = head.writeUInt16BE(further.length, start)
  for (const [name, text] of further) at = writeText(head, text, writeText(head, name, at))
  return at
}

/** Gives the record its place and time: writes them and the checksum into the head. */
export function sealRecord({ head, value }: EncodedRecord, offset: number, timestampMs: number): void {
  writeUInt64(head, offset, OFFSET)
  writeUInt64(head, timestampMs, TIMESTAMP)
  const crc = crc32(head.subarray(OFFSET))
  head.writeUInt32BE(value.length === 0 ? crc : crc32(value, crc), CRC)
}

/** Whole length of the record at `at`, as it says; Infinity when not even the length is there. Nothing is checked. */
export const statedBytes = (bytes: Buffer, at: number): number => (at + 4 > bytes.length ? Infinity : OFFSET + bytes.readUInt32BE(at))

/** Whole length of the record at `at`; 0 when it is damaged or not all there. */
export function intactBytes(bytes: Buffer, at: number): number {
  const length = statedBytes(bytes, at)
  if (length < MIN_RECORD_BYTES || at + length > bytes.length) return 0
  return crc32(bytes.subarray(at + OFFSET, at + length)) === bytes.readUInt32BE(at + CRC) ? length : 0
}

export const offsetAt = (bytes: Buffer, at: number): number => readUInt64(bytes, at + OFFSET)
export const timestampAt = (bytes: Buffer, at: number): number => readUInt64(bytes, at + TIMESTAMP)

/** Which log the bytes are of: the constant part of an origin. */
export type LogPlace = { readonly logId: string; readonly topic: string; readonly partition: number }

/** Reads the intact record of `length` bytes at `at`. Its value is a view of `bytes`. */
export function decodeRecord(bytes: Buffer, at: number, length: number, { logId, topic, partition }: LogPlace): BusRecord {
  const fields = bytes.readUInt16BE(at + FIELDS)
  const headers: { -readonly [K in keyof EnvelopeHeaders]: EnvelopeHeaders[K] } = {}
  const keyBytes = bytes.readUInt16BE(at + KEY)
  const key = bytes.toString('utf8', at + KEY + 2, at + KEY + 2 + keyBytes)
  let cursor = at + KEY + 2 + keyBytes
  for (let index = 0; index < TEXTS.length; index++) {
    if ((fields & (1 << index)) === 0) continue
    const end = cursor + 2 + bytes.readUInt16BE(cursor)
    const name = TEXTS[index]
    if (name !== undefined) headers[name] = bytes.toString('utf8', cursor + 2, end)
    cursor = end
  }
  for (const { name, bit } of NUMBERS) {
    if ((fields & bit) === 0) continue
    headers[name] = bytes.readDoubleBE(cursor)
    cursor += 8
  }
  if ((fields & SCANNED) !== 0) headers.scanned = (fields & SCANNED_TRUE) !== 0
  let extra: Readonly<Record<string, string>> | undefined
  if ((fields & EXTRA) !== 0) {
    const further = readFurther(bytes, cursor)
    extra = Object.fromEntries(further.pairs)
    cursor = further.end
  }
  return {
    kind: kindOf(bytes[at + KIND]),
    key,
    headers,
    ...(extra === undefined ? {} : { extra }),
    value: bytes.subarray(cursor, at + length),
    origin: { logId, topic, partition, offset: BigInt(offsetAt(bytes, at)), timestampMs: timestampAt(bytes, at) },
  }
}

function readFurther(bytes: Buffer, start: number): { readonly pairs: readonly (readonly [string, string])[]; readonly end: number } {
  let at = start + 2
  const text = (): string => {
    const from = at + 2
    at = from + bytes.readUInt16BE(at)
    return bytes.toString('utf8', from, at)
  }
  const pairs = Array.from({ length: bytes.readUInt16BE(start) }, () => [text(), text()] as const)
  return { pairs, end: at }
}

/** Samples or entries that the intact record at `at` says it holds; 0 when it does not say. Nothing else of it is read. */
export function recordsAt(bytes: Buffer, at: number): number {
  const fields = bytes.readUInt16BE(at + FIELDS)
  if ((fields & RECORDS) === 0) return 0
  let cursor = at + KEY + 2 + bytes.readUInt16BE(at + KEY)
  for (let index = 0; index < TEXTS.length; index++) if ((fields & (1 << index)) !== 0) cursor += 2 + bytes.readUInt16BE(cursor)
  for (const { bit } of NUMBERS) {
    if (bit === RECORDS) break
    if ((fields & bit) !== 0) cursor += 8
  }
  return bytes.readDoubleBE(cursor)
}

const kindOf = (code: number | undefined): Kind => KINDS[code ?? 0] ?? 'metrics'

// Offsets and times are whole numbers below 2^53: two 32-bit halves are many times faster than BigInt.
export function writeUInt64(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  bytes.writeUInt32BE(value % 2 ** 32, at + 4)
}

export const readUInt64 = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)

import type { EnvelopeHeaders } from '@clymene/model'

/** A header's value is cut at this many characters on the way out, and ignored when it is longer on the way in. */
const MAX_VALUE = 256

/**
 * The headers of an envelope under the names they have in Kafka, HTTP and gRPC alike. What is not visible ASCII in a value
 * (and `%` itself) goes as percent-encoded UTF-8; a value of more than 256 characters is cut there.
 */
export function toHeaders(headers: EnvelopeHeaders): Record<string, string> {
  const { contentType, tenant, cluster, agent, stream, epoch, sequence, records, position, newestMs, scanned } = headers
  return {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(tenant === undefined ? {} : { 'clymene-tenant': encodeText(tenant) }),
    ...(cluster === undefined ? {} : { 'clymene-cluster': encodeText(cluster) }),
    ...(agent === undefined ? {} : { 'clymene-agent': encodeText(agent) }),
    ...(stream === undefined ? {} : { 'clymene-stream': encodeText(stream) }),
    ...(epoch === undefined ? {} : { 'clymene-epoch': String(epoch) }),
    ...(sequence === undefined ? {} : { 'clymene-sequence': String(sequence) }),
    ...(records === undefined ? {} : { 'clymene-records': String(records) }),
    ...(position === undefined ? {} : { 'clymene-position': String(position) }),
    ...(newestMs === undefined ? {} : { 'clymene-newest': String(newestMs) }),
    ...(scanned === true ? { 'clymene-scanned': '1' } : {}),
  }
}

/**
 * Reads them back. What is missing or malformed is absent: a message without headers is Go Clymene's.
 *
 * @param get the value of a header by its lower-case name.
 * @param options.trustScanned whether the mark of a scanned block counts: only in what came from our own bus, never from outside.
 */
export function fromHeaders(get: (name: string) => string | undefined, options: { readonly trustScanned: boolean }): EnvelopeHeaders {
  const contentType = decodeText(get('content-type'))
  const tenant = decodeText(get('clymene-tenant'))
  const cluster = decodeText(get('clymene-cluster'))
  const agent = decodeText(get('clymene-agent'))
  const stream = decodeText(get('clymene-stream'))
  const epoch = parseCount(get('clymene-epoch'))
  const sequence = parseCount(get('clymene-sequence'))
  const records = parseCount(get('clymene-records'))
  const position = parseCount(get('clymene-position'))
  const newestMs = parseCount(get('clymene-newest'))
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(agent === undefined ? {} : { agent }),
    ...(stream === undefined ? {} : { stream }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(records === undefined ? {} : { records }),
    ...(position === undefined ? {} : { position }),
    ...(newestMs === undefined ? {} : { newestMs }),
    ...(options.trustScanned && get('clymene-scanned') === '1' ? { scanned: true } : {}),
  }
}

/** Never cut inside a character. */
function encodeText(text: string): string {
  let encoded = ''
  for (const character of text.toWellFormed()) {
    const piece = /[!-$&-~]/.test(character) ? character : encodeCharacter(character)
    if (encoded.length + piece.length > MAX_VALUE) break
    encoded += piece
  }
  return encoded
}

const encodeCharacter = (character: string): string =>
  Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

function decodeText(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value.length > MAX_VALUE) return undefined
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined // a stray `%`: not written by us
  }
}

/** A whole number from 0 to 2^53-1 in decimal. */
function parseCount(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}

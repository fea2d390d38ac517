import { errorCode, PermanentError, RetryableError } from '@clymene/model'

import type { ClientCertificate } from './http-access/client-certificate.ts'
import { isTlsFailure, tlsReason } from './tls-failure.ts'

export type HttpFailure = {
  readonly status: number
  /** First line of the body, already cut. */
  readonly message: string
  /** The header as received. */
  readonly retryAfter?: string | undefined
  /** Who answered, without credentials, for the error text. */
  readonly peer: string
  readonly now?: number
}

/** What a peer says about the content itself; everything else may be mended and is tried again. */
const PERMANENT = new Set([400, 413, 422])
/** Somebody has to mend an address or a credential; the data should still be there then. */
const OPERATOR = new Set([401, 403, 404, 405])

/** A refused HTTP answer to one of the two kinds of failure: one table for every storage. */
export function failureOf({ status, message, retryAfter, peer, now = Date.now() }: HttpFailure): RetryableError | PermanentError {
  const text = `${peer} answered ${status}${message === '' ? '' : `: ${message}`}`
  if (PERMANENT.has(status)) return new PermanentError(text, { status })
  const needsOperator = OPERATOR.has(status) || (status >= 300 && status < 400)
  return new RetryableError(text, { status, needsOperator, retryAfterMs: parseRetryAfter(retryAfter, now) })
}

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'])
/** What `followFile` and those who use it say of a secret or certificate. */
const OF_FILE = /^cannot (?:read|use) |^the key .* does not belong/
/** The peer hung up, or said that a certificate is bad without saying why. */
const CUT = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const CUT_TEXT = /other side closed|ECONNRESET|socket hang up|EPIPE|alert .*(?:certificate|unknown ca)/

/**
 * A request that got no answer: always retryable; a name that does not resolve, a file that cannot be read or a certificate that is
 * refused needs the operator.
 *
 * @param certificate what is shown to the peer, which may be why it hangs up without a reason.
 */
export function connectionFailure(error: unknown, peer: string, certificate?: ClientCertificate): RetryableError {
  const cause = rootCause(error)
  const code = errorCode(cause)
  const text = cause instanceof Error ? cause.message || code : String(cause)
  const suspect = CUT.has(code) || CUT_TEXT.test(text) ? certificate?.suspect() : undefined
  const needsOperator = DNS.has(code) || OF_FILE.test(text) || isTlsFailure(code) || isTlsFailure(text) || suspect !== undefined
  return new RetryableError(`${peer}: ${tlsReason(text)}${suspect === undefined ? '' : `; ${suspect}`}`, { cause: error, needsOperator })
}

/** undici and AggregateError wrap what the socket said. */
function rootCause(error: unknown): unknown {
  if (error instanceof Error && OF_FILE.test(error.message)) return error
  if (error instanceof AggregateError && error.errors.length > 0) return rootCause(error.errors[0])
  if (error instanceof Error && error.cause !== undefined) return rootCause(error.cause)
  return error
}

/** Seconds or an HTTP date to milliseconds from now, at most ten minutes; undefined when absent or unreadable (RFC 9110 §10.2.3). */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const milliseconds = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), 600_000)
}

import { PermanentError, RetryableError } from '@clymene/model'

import { connectionReason } from './connection-reason.ts'
import type { ClientCertificate } from './http-access/client-certificate.ts'

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

/**
 * A request that got no answer: always retryable; a name that does not resolve, a file that cannot be read or a certificate that is
 * refused needs the operator.
 *
 * @param certificate what is shown to the peer, which may be why it hangs up without a reason.
 */
export function connectionFailure(error: unknown, peer: string, certificate?: ClientCertificate): RetryableError {
  const { text, needsOperator } = connectionReason(error, certificate)
  return new RetryableError(`${peer}: ${text}`, { cause: error, needsOperator })
}

/** Seconds or an HTTP date to milliseconds from now, at most ten minutes; undefined when absent or unreadable (RFC 9110 §10.2.3). */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const milliseconds = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), 600_000)
}

import { PermanentError, RetryableError } from '@clymene/model'
import { connectionReason, hideSecrets, parseRetryAfter, type ClientCertificate } from '@clymene/runtime'
import { REFUSED_HEADER } from '@clymene/wire'
import { status as Status, type ServiceError } from '@grpc/grpc-js'

import { gatewayVerdict } from '../verdicts.ts'
import { refusedRecords } from './refused.ts'

const OPERATOR: ReadonlySet<string | undefined> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND', 'UNIMPLEMENTED'])

export type GrpcFailureContext = {
  readonly peer: string
  /** Is TLS spoken? */
  readonly isSecure: boolean
  /** The client certificate that is shown. */
  readonly certificate?: ClientCertificate | undefined
  /** What was sent and stands in no text. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Samples or entries of the message; undefined when their order there may be another one. */
  readonly records?: number | undefined
  readonly now?: number
}

/**
 * A failed call as one of the two kinds of failure. INVALID_ARGUMENT is about the content; so is a message over the peer's
 * limit, which comes as RESOURCE_EXHAUSTED. UNKNOWN is what a Go gateway says when its storage failed: retryable.
 *
 * @see https://grpc.io/docs/guides/status-codes/
 */
export function grpcFailure(error: ServiceError, context: GrpcFailureContext): RetryableError | PermanentError {
  const { code } = error
  const { peer, secrets = {}, records, now = Date.now() } = context
  const details = hideSecrets(error.details, secrets)
  // It has the details as well.
  const cause = details === error.details ? error : undefined
  const lost = code === Status.UNAVAILABLE ? lastErrorOf(details) : undefined
  if (lost !== undefined) return notConnected(error, lost, context)
  const text = `${peer} answered ${Status[code] ?? code}${details === '' ? '' : `: ${firstLine(details)}`}`
  if (code === Status.INVALID_ARGUMENT) {
    const refused = refusedRecords(error.metadata?.get(REFUSED_HEADER)[0]?.toString(), records, text)
    return new PermanentError(text, { cause, status: code, refused, repeatLike: gatewayVerdict(400, details) === 'repeat' })
  }
  if (code === Status.RESOURCE_EXHAUSTED && /larger than max/i.test(details)) return new PermanentError(text, { cause, status: code })
  const needsOperator = OPERATOR.has(Status[code]) || /name resolution failed/i.test(details)
  return new RetryableError(text, { cause, status: code, needsOperator, retryAfterMs: retryAfterOf(error, now) })
}

/**
 * What grpc-js says when it could not connect: "round_robin: No connection established. Last error: Error [CODE]: reason. Resolution
 * note: …", the middle once for every policy.
 */
function lastErrorOf(details: string): string | undefined {
  const at = details.lastIndexOf(LAST_ERROR)
  if (at < 0) return undefined
  return details
    .slice(at + LAST_ERROR.length)
    .replace(/\.? Resolution note:[^]*$/, '')
    .replace(/^(?:\w*Error(?: \[\w+\])?: )+/, '')
    .replace(/\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '')
}

const LAST_ERROR = 'Last error: '

function notConnected(error: ServiceError, said: string, { peer, isSecure, certificate }: GrpcFailureContext): RetryableError {
  const options = { cause: error, status: error.code }
  if (!HUNG_UP.test(said)) {
    const { text, needsOperator } = connectionReason(said, certificate)
    return new RetryableError(`${peer}: no connection: ${firstLine(text)}`, { ...options, needsOperator })
  }
  const suspect = certificate?.suspect()
  const hint = suspect ?? (isSecure ? undefined : 'it may expect TLS')
  const text = `${peer}: no connection: the peer hung up at once${hint === undefined ? '' : `; ${hint}`}`
  return new RetryableError(text, { ...options, needsOperator: suspect !== undefined })
}

const HUNG_UP = /^Failed to connect|ECONNRESET|socket hang up|disconnected before/

/** `retry-after` (as in HTTP) or `grpc-retry-pushback-ms` (gRFC A6) among the trailers. */
function retryAfterOf({ metadata }: ServiceError, now: number): number | undefined {
  const text = (name: string): string | undefined => metadata?.get(name)[0]?.toString()
  const pushback = text('grpc-retry-pushback-ms')
  if (pushback !== undefined && /^\d{1,7}$/.test(pushback)) return Math.min(Number(pushback), 600_000)
  return parseRetryAfter(text('retry-after'), now)
}

const firstLine = (text: string): string => (text.split(/[\r\n]/, 1)[0] ?? '').slice(0, 1024)

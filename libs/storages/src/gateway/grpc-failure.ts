import { PermanentError, RetryableError } from '@clymene/model'
import { parseRetryAfter } from '@clymene/runtime'
import { status as Status, type ServiceError } from '@grpc/grpc-js'

import { gatewayVerdict } from '../verdicts.ts'

const OPERATOR = new Set<number>([Status.UNAUTHENTICATED, Status.PERMISSION_DENIED, Status.NOT_FOUND, Status.UNIMPLEMENTED])

/**
 * A failed call as one of the two kinds of failure. INVALID_ARGUMENT is about the content; so is a message over the peer's
 * limit, which comes as RESOURCE_EXHAUSTED. UNKNOWN is what a Go gateway says when its storage failed: retryable.
 *
 * @see https://grpc.io/docs/guides/status-codes/
 */
export function grpcFailure(error: ServiceError, peer: string, now: number = Date.now()): RetryableError | PermanentError {
  const { code, details } = error
  const text = `${peer} answered ${Status[code] ?? code}${details === '' ? '' : `: ${firstLine(details)}`}`
  if (code === Status.INVALID_ARGUMENT) {
    return new PermanentError(text, { cause: error, status: code, repeatLike: gatewayVerdict(400, details) === 'repeat' })
  }
  if (code === Status.RESOURCE_EXHAUSTED && /larger than max/i.test(details))
    return new PermanentError(text, { cause: error, status: code })
  const needsOperator = OPERATOR.has(code) || /name resolution failed/i.test(details)
  return new RetryableError(text, { cause: error, status: code, needsOperator, retryAfterMs: retryAfterOf(error, now) })
}

/** `retry-after` (as in HTTP) or `grpc-retry-pushback-ms` (gRFC A6) among the trailers. */
function retryAfterOf({ metadata }: ServiceError, now: number): number | undefined {
  const text = (name: string): string | undefined => metadata?.get(name)[0]?.toString()
  const pushback = text('grpc-retry-pushback-ms')
  if (pushback !== undefined && /^\d{1,7}$/.test(pushback)) return Math.min(Number(pushback), 600_000)
  return parseRetryAfter(text('retry-after'), now)
}

const firstLine = (text: string): string => (text.split(/[\r\n]/, 1)[0] ?? '').slice(0, 1024)

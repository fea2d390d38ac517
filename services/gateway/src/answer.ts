import { DecodeError, errorMessage, PermanentError, RetryableError, type Kind } from '@clymene/model'
import { formatRefused, TooLargeError } from '@clymene/wire'
import { status as grpcStatus } from '@grpc/grpc-js'

/** The one table of what a sender is told: HTTP status, gRPC status, reason, and when to come again. */
export type Answer = {
  readonly http: number
  readonly grpc: grpcStatus
  readonly reason: string
  /** Seconds; only with 503. */
  readonly retryAfter?: number
  /** Which records of the message it is about, as a header has it; the others are stored. Absent when it is about the whole. */
  readonly refused?: string | undefined
}

/** The sender closed its connection before it was answered: nobody reads what is said, and nothing went wrong here. */
export class SenderGoneError extends Error {
  override readonly name = 'SenderGoneError'

  constructor() {
    super('the sender went away before the acknowledgement')
  }
}

/** The token of the sender is good, but not for what it sends. It may be mended: our senders keep what they have. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
}

export function answerTo(error: unknown): Answer {
  const reason = errorMessage(error)
  if (error instanceof TooLargeError) return { http: 413, grpc: grpcStatus.INVALID_ARGUMENT, reason }
  if (error instanceof DecodeError) return { http: 400, grpc: grpcStatus.INVALID_ARGUMENT, reason }
  if (error instanceof PermanentError) {
    return { http: error.status === 413 ? 413 : 400, grpc: grpcStatus.INVALID_ARGUMENT, reason, refused: refusedOf(error) }
  }
  if (error instanceof RetryableError) {
    return { http: 503, grpc: grpcStatus.UNAVAILABLE, reason, retryAfter: Math.ceil((error.retryAfterMs ?? 1000) / 1000) }
  }
  if (error instanceof ForbiddenError) return { ...FORBIDDEN, reason }
  if (error instanceof SenderGoneError) return { http: 499, grpc: grpcStatus.CANCELLED, reason }
  return { http: 500, grpc: grpcStatus.INTERNAL, reason: 'internal error' }
}

/** A request is one message, so all of them are of the first delivery. */
const refusedOf = ({ refused }: PermanentError): string | undefined => refused && formatRefused(refused.map(({ record }) => record))

export const FORBIDDEN = { http: 403, grpc: grpcStatus.PERMISSION_DENIED } as const

export const OVERLOADED: Answer = {
  http: 503,
  grpc: grpcStatus.RESOURCE_EXHAUSTED,
  reason: 'too many bytes in flight (--gateway.max-bytes-in-flight)',
  retryAfter: 1,
}

/** Most often the sender has the address of the other gateway: the one of metrics and the one of logs differ by a port. */
export const refusedKind = (kind: Kind): Answer => ({
  http: 404,
  grpc: grpcStatus.UNIMPLEMENTED,
  reason:
    `this gateway takes no ${kind}: no storage in STORAGE_TYPE stores them, or --signals leaves them out; ` +
    `is this the gateway of ${kind}? In the manifests metrics go to port 30610 and logs to 30611 (gRPC)`,
})

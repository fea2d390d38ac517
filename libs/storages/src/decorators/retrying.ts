import { causesOf, errorCode, PermanentError, RetryableError, type Delivery, type Kind, type Logger, type Sink } from '@clymene/model'
import { createOnceIn, type Backoff, type Readiness } from '@clymene/runtime'

import type { MaybeStored } from './lineage.ts'
import { createWriteBackoff } from './write-backoff.ts'

export type OnReturn = (heard: () => void) => void

export type RetryingOptions = {
  readonly storage: string
  readonly kind: Kind
  readonly logger: Logger
  readonly backoff?: Partial<Backoff>
  /** Told which deliveries an attempt of unknown outcome carried. */
  readonly maybeStored?: MaybeStored
  /** Told of what an operator has to mend, as long as a write waits for that: a check does not see what a body is refused for. */
  readonly readiness?: Pick<Readiness, 'watch'> | undefined
  /** Calls back when somebody who asks the storage finds that it is back. */
  readonly onReturn?: OnReturn | undefined
  readonly random?: () => number
}

const BACKOFF: Backoff = { minMs: 200, maxMs: 30_000, attempts: Infinity }

/**
 * Tries a write again until it succeeds, is refused for good, or the signal aborts, with a back-off that all its writes share. Says
 * once a minute that it waits, and of which tenant a write is: ERROR when an operator has to mend an address or credential, which /readyz
 * then says as well, else WARN; and INFO when it is over and no write waits any more.
 */
export function retrying(sink: Sink, options: RetryingOptions): Sink {
  const { storage, kind, logger, maybeStored, readiness, random = Math.random } = options
  const backoff = { ...BACKOFF, ...options.backoff }
  const shared = createWriteBackoff(backoff, random)
  options.onReturn?.(shared.returned)
  /** Writes that wait for an operator, by their deliveries, with what is to be mended. */
  const held = new Map<readonly Delivery[], string>()
  readiness?.watch(`storage ${storage}: ${kind}`, () => held.values().next().value)
  const onceInAMinute = createOnceIn(60_000)
  const waiting = new Set<readonly Delivery[]>()
  let isTold = false
  const tellWait = ({ needsOperator, message }: RetryableError, tenant: string | undefined, failures: number, waitMs: number): void =>
    onceInAMinute(needsOperator ? 'error' : 'warn', (heldBack) => {
      isTold = true
      const fields = {
        storage,
        kind,
        ...(tenant === undefined ? {} : { tenant }),
        error: message,
        failures,
        waitMs: Math.round(waitMs),
        heldBack,
      }
      if (needsOperator) logger.error('storage cannot be written until its address or credential is mended; waiting', fields)
      else logger.warn('storage cannot be written now; waiting', fields)
    })
  /** One write that goes through is not the end while others wait. */
  const tellEnd = (): void => {
    if (!isTold || waiting.size > 0) return
    isTold = false
    logger.info('storage is written again', { storage, kind })
  }
  return {
    write: async (deliveries, signal) => {
      const patient = shared.newWrite()
      // All deliveries of a write are of one.
      const tenant = deliveries[0]?.headers.tenant
      try {
        for (let failures = 1; ; failures++) {
          signal.throwIfAborted()
          patient.attempt()
          try {
            await sink.write(deliveries, signal)
            break
          } catch (error) {
            if (error instanceof PermanentError) patient.answered()
            if (!(error instanceof RetryableError) || failures >= backoff.attempts) throw error
            waiting.add(deliveries)
            if (leavesDoubt(error)) maybeStored?.mark(deliveries)
            if (error.needsOperator)
              held.set(deliveries, tenant === undefined ? error.message : `${error.message} (tenant ${JSON.stringify(tenant)})`)
            else held.delete(deliveries)
            tellWait(error, tenant, failures, patient.failed(error.retryAfterMs))
          }
          await patient.wait(signal)
        }
        patient.answered()
        waiting.delete(deliveries)
        tellEnd()
      } finally {
        waiting.delete(deliveries)
        held.delete(deliveries)
      }
    },
  }
}

/**
 * May the body have been stored although the write failed? Not when no connection came about, nor when the storage said what
 * it says before it takes anything (3xx, 4xx, 501, 503); a lost connection, a time limit and other 5xx leave it open.
 */
export function leavesDoubt({ status, cause }: RetryableError): boolean {
  if (status !== undefined && status < 100) return GRPC_DOUBT.has(status)
  if (status !== undefined) return status >= 500 && status !== 501 && status !== 503
  const code = errorCode(causesOf(cause).at(-1))
  return !NOT_CONNECTED.has(code) && !/^ERR_TLS|CERT|^UNABLE_TO_/.test(code)
}

/** The last two are of the file of a credential. */
const NOT_CONNECTED = new Set('ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH UND_ERR_CONNECT_TIMEOUT ENOENT EACCES'.split(' '))

/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE. */
const GRPC_DOUBT = new Set([1, 2, 4, 13, 14])

import { PermanentError, type RetryableError, type Sink } from '@clymene/model'
import { retry, type Backoff } from '@clymene/runtime'

import type { MaybeStored } from '../decorators/lineage.ts'
import { leavesDoubt } from '../decorators/retrying.ts'

export type PatientSinkOptions = {
  /** How long a storage may be away before the replay ends. */
  readonly patienceMs: number
  /** Ends the waiting, not a write that is on its way. */
  readonly stop: AbortSignal
  readonly maybeStored: Pick<MaybeStored, 'mark'>
  readonly onFailure: (error: RetryableError) => void
  readonly backoff?: Partial<Backoff>
  /** Milliseconds; default performance.now. */
  readonly now?: () => number
}

const BACKOFF: Backoff = { minMs: 200, maxMs: 5000, attempts: Infinity }

/**
 * Tries a write again until it succeeds, is refused for good, or patience ends.
 *
 * @throws (write) the last RetryableError when patience ended; the reason of `stop` when that ended the waiting.
 */
export function patientSink(sink: Sink, options: PatientSinkOptions): Sink {
  const { patienceMs, stop, maybeStored, onFailure, backoff, now = () => performance.now() } = options
  return {
    write: async (deliveries, signal) => {
      const ended = new AbortController()
      const end = (): void => ended.abort(stop.reason)
      let since: number | undefined
      const failed = (error: RetryableError): void => {
        if (leavesDoubt(error)) maybeStored.mark(deliveries)
        onFailure(error)
        if (since === undefined) stop.addEventListener('abort', end, { once: true })
        since ??= now()
        if (stop.aborted) end()
        else if (now() - since >= patienceMs) ended.abort(error)
      }
      try {
        await retry(() => sink.write(deliveries, signal), { backoff: { ...BACKOFF, ...backoff }, onFailure: failed }, ended.signal)
      } catch (error) {
        throw ended.signal.aborted && !(error instanceof PermanentError) ? ended.signal.reason : error
      } finally {
        stop.removeEventListener('abort', end)
      }
    },
  }
}

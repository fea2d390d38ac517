import { PermanentError, type RefusedRecord } from '@clymene/model'

/** What one caller waits for: settled by the first failure, or when the last of its messages is acknowledged or refused. */
export type ProduceCall = {
  readonly settled: () => boolean
  readonly acknowledged: () => void
  /** One of its messages became so many. */
  readonly divided: (pieces: number) => void
  /** One of its messages is refused for good, these records of it; the others go on. */
  readonly refused: (records: readonly RefusedRecord[]) => void
  readonly fail: (error: unknown) => void
  /** @throws PermanentError naming what was refused, when all the rest is acknowledged; or what the call failed with. */
  readonly done: Promise<void>
}

/** What HTTP says of a message over the limit. */
const TOO_LARGE = 413

/**
 * @param count messages of the call.
 * @param signal the caller's patience: when it aborts, messages that wait are no longer sent.
 */
export function createProduceCall(count: number, signal: AbortSignal): ProduceCall {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const refusals: RefusedRecord[] = []
  let missing = count
  let settled = false
  const settle = (act: () => void): void => {
    if (settled) return
    settled = true
    signal.removeEventListener('abort', abort)
    act()
  }
  const fail = (error: unknown): void => settle(() => reject(error))
  const abort = (): void => fail(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const one = (): void => {
    missing--
    if (missing > 0) return
    const [first] = refusals
    if (first === undefined) settle(resolve)
    else fail(new PermanentError(first.reason, { status: TOO_LARGE, refused: refusals }))
  }
  return {
    settled: () => settled,
    acknowledged: one,
    divided: (pieces) => {
      missing += pieces - 1
    },
    refused: (records) => {
      refusals.push(...records)
      one()
    },
    fail,
    done: promise,
  }
}

import type { OutgoingRecord } from './record-batch.ts'

/** One message on its way: in a queue, or in the one request that its partition has in flight. */
export type Outgoing = {
  readonly record: OutgoingRecord
  /** What it adds to a request. */
  readonly bytes: number
  readonly queuedAt: number
  readonly call: ProduceCall
}

/** What one caller waits for: settled by the first failure, or when the last of its messages is acknowledged. */
export type ProduceCall = {
  readonly settled: () => boolean
  readonly acknowledged: () => void
  readonly fail: (error: unknown) => void
  readonly done: Promise<void>
}

/**
 * @param count messages of the call.
 * @param signal the caller's patience: when it aborts, messages that wait are no longer sent.
 */
export function createProduceCall(count: number, signal: AbortSignal): ProduceCall {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
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
  return {
    settled: () => settled,
    acknowledged: () => {
      missing--
      if (missing === 0) settle(resolve)
    },
    fail,
    done: promise,
  }
}

import { setTimeout as sleep } from 'node:timers/promises'

export type Patience = { readonly minMs: number; readonly maxMs: number }

/** Tries until it succeeds or the signal aborts, which is the only rejection. `onFailure` is told of each that fails. */
export async function untilDone<T>(
  attempt: () => Promise<T>,
  { minMs, maxMs }: Patience,
  onFailure: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      signal.throwIfAborted()
      onFailure(error)
    }
    await sleep(Math.min(maxMs, minMs * 2 ** failures) * (0.5 + Math.random() / 2), undefined, { signal })
  }
}

/** What `work` resolves with, but no later than the signal, whatever `work` thinks of it. */
export function noLaterThan<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined)
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    const over = (): void => signal.removeEventListener('abort', stop)
    work.then(resolve, reject).finally(over)
    return undefined
  })
}

/** Whatever comes of the work, no later than the signal. */
export async function waitAWhile(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await noLaterThan(work, signal).catch(() => undefined)
}

/** Lets a line of the log through once a minute, whatever becomes of the clock. */
export function createOnceAMinute(): (act: () => void) => void {
  let next = -Infinity
  return (act) => {
    if (performance.now() < next) return
    next = performance.now() + 60_000
    act()
  }
}

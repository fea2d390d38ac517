import { signal, type ReadonlySignal } from '@preact/signals'

export type Polled<T> = {
  readonly value: ReadonlySignal<T | undefined>
  readonly error: ReadonlySignal<string | undefined>
  /** Asks at once; an answer that is still on its way is not waited for. */
  readonly now: () => void
}

/** Asks again `everyMs` after each answer; pauses while the tab is hidden. An error keeps the last value. */
export function poll<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const value = signal<T | undefined>(undefined)
  const error = signal<string | undefined>(undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking = new AbortController()
  const look = async (): Promise<void> => {
    asking.abort()
    clearTimeout(timer)
    if (document.hidden) return
    const mine = new AbortController()
    asking = mine
    try {
      const answer = await ask(mine.signal)
      if (mine.signal.aborted) return
      value.value = answer
      error.value = undefined
    } catch (reason) {
      if (mine.signal.aborted) return
      error.value = reason instanceof Error ? reason.message : String(reason)
    }
    timer = setTimeout(() => void look(), everyMs)
  }
  void look()
  document.addEventListener('visibilitychange', () => void look())
  return { value, error, now: () => void look() }
}

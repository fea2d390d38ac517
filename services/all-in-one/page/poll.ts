import { signal, type ReadonlySignal } from '@preact/signals'

export type Polled<T> = {
  readonly value: ReadonlySignal<T | undefined>
  readonly error: ReadonlySignal<string | undefined>
  readonly now: () => void
}

/** Asks again `everyMs` after each answer; pauses while the tab is hidden. An error keeps the last value. */
export function poll<T>(ask: () => Promise<T>, everyMs: number): Polled<T> {
  const value = signal<T | undefined>(undefined)
  const error = signal<string | undefined>(undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  let generation = 0
  const look = async (): Promise<void> => {
    const mine = ++generation
    clearTimeout(timer)
    try {
      const answer = await (document.hidden ? Promise.resolve(value.value) : ask())
      if (mine !== generation) return
      value.value = answer
      error.value = undefined
    } catch (reason) {
      if (mine !== generation) return
      error.value = reason instanceof Error ? reason.message : String(reason)
    }
    timer = setTimeout(() => void look(), everyMs)
  }
  void look()
  document.addEventListener('visibilitychange', () => void look())
  return { value, error, now: () => void look() }
}

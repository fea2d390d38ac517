/** Lets so many calls go on at the same time; the others wait in order. */
export type Slots = <T>(call: () => Promise<T>, signal: AbortSignal) => Promise<T>

export function createSlots(count: number): Slots {
  let free = count
  const waiting = new Set<() => void>()

  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (free > 0) {
      free--
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(begin)
        reject(signal.reason)
      }
      const begin = (): void => {
        waiting.delete(begin)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      waiting.add(begin)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return async (call, signal) => {
    await enter(signal)
    try {
      return await call()
    } finally {
      const [next] = waiting
      // The slot goes from hand to hand.
      if (next === undefined) free++
      else next()
    }
  }
}

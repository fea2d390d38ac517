/** A wait that others may end. */
export type Waker = {
  /** Resolves after `milliseconds`, or with the next `wake`, or at once when there was one since the last wait. */
  readonly wait: (milliseconds: number) => Promise<void>
  readonly wake: () => void
}

export function createWaker(): Waker {
  let woken = false
  let end: (() => void) | undefined
  return {
    wake: () => {
      woken = true
      end?.()
    },
    wait: async (milliseconds) => {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds)
          end = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      end = undefined
      woken = false
    },
  }
}

export type NamedState = { readonly name: string; readonly state: Buffer }

export type SaveQueue = {
  /** Resolves when this state or a later one of the name was sent. @throws what `send` throws. */
  readonly save: (entry: NamedState) => Promise<void>
}

type Waiting = NamedState & { readonly done: PromiseWithResolvers<void> }

/**
 * One `send` at a time; what comes meanwhile goes together in the next, about `maxBytes` of it, and of one name only the last.
 */
export function createSaveQueue(send: (entries: readonly NamedState[]) => Promise<void>, maxBytes: number): SaveQueue {
  const waiting = new Map<string, Waiting>()
  let running = false

  const run = async (): Promise<void> => {
    if (running) return
    running = true
    while (waiting.size > 0) {
      const taken = take()
      await send(taken).then(
        () => taken.forEach(({ done }) => done.resolve()),
        (error: unknown) => taken.forEach(({ done }) => done.reject(error)),
      )
    }
    running = false
  }

  const take = (): readonly Waiting[] => {
    const taken: Waiting[] = []
    let bytes = 0
    for (const [name, one] of waiting) {
      if (taken.length > 0 && bytes + one.state.length > maxBytes) break
      waiting.delete(name)
      taken.push(one)
      bytes += one.state.length
    }
    return taken
  }

  return {
    save: ({ name, state }) => {
      const done = waiting.get(name)?.done ?? Promise.withResolvers<void>()
      waiting.set(name, { name, state, done })
      // In a moment: what is saved in the same one goes together.
      queueMicrotask(() => void run())
      return done.promise
    },
  }
}

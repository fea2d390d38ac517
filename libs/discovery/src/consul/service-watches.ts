/** One running watch for each service that is wanted. */
export type ServiceWatches = {
  /** These and no others from now on. */
  readonly want: (names: ReadonlySet<string>) => void
  /** Resolves when all watches have ended; call it when their signal has aborted. */
  readonly ended: () => Promise<void>
}

export type ServiceWatchesOptions = {
  readonly start: (name: string, signal: AbortSignal) => Promise<void>
  readonly gone: (name: string) => void
}

/** @param signal ends all of them. */
export function createServiceWatches({ start, gone }: ServiceWatchesOptions, signal: AbortSignal): ServiceWatches {
  const watches = new Map<string, AbortController>()
  const running = new Set<Promise<void>>()
  let failure: unknown
  return {
    want: (names) => {
      for (const [name, stop] of watches) {
        if (names.has(name)) continue
        watches.delete(name)
        stop.abort()
        gone(name)
      }
      for (const name of names) {
        if (watches.has(name)) continue
        const stop = new AbortController()
        watches.set(name, stop)
        const run = start(name, AbortSignal.any([signal, stop.signal])).catch((error: unknown) => {
          failure ??= error
        })
        running.add(run)
        void run.then(() => running.delete(run))
      }
    },
    ended: async () => {
      await Promise.all(running)
      if (failure !== undefined) throw failure
    },
  }
}

import type { Source } from '@clymene/model'

export type ReplaceableSource<S extends Source> = Source & {
  /** What runs; undefined when nothing does. */
  readonly current: () => S | undefined
  /** The running source ends, with everything accepted that it had taken on, and the one that is made next goes on. */
  readonly replace: () => void
}

/** Runs what `make` gives, and makes it anew when it is told to. For sources that know themselves where they stopped. */
export function createReplaceableSource<S extends Source>(make: () => S): ReplaceableSource<S> {
  let round = new AbortController()
  let current: S | undefined
  return {
    current: () => current,
    replace: () => round.abort(new DOMException('the configuration has changed', 'AbortError')),
    run: async (emit, signal) => {
      try {
        do {
          round = new AbortController()
          current = make()
          await current.run(emit, AbortSignal.any([signal, round.signal]))
        } while (round.signal.aborted && !signal.aborted)
      } finally {
        current = undefined
      }
    },
  }
}

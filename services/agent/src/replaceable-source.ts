import type { Source } from '@clymene/model'

export type ReplaceableSource = Source & {
  /** The running source ends, with everything accepted that it had taken on, and the one that is made next goes on. */
  readonly replace: () => void
}

/** Runs what `make` gives, and makes it anew when it is told to. For sources that know themselves where they stopped. */
export function createReplaceableSource(make: () => Source): ReplaceableSource {
  let round = new AbortController()
  return {
    replace: () => round.abort(new DOMException('the configuration has changed', 'AbortError')),
    run: async (emit, signal) => {
      do {
        round = new AbortController()
        await make().run(emit, AbortSignal.any([signal, round.signal]))
      } while (round.signal.aborted && !signal.aborted)
    },
  }
}

import type { Discoverer } from '@clymene/model'

import { openLookups, type LookupContext, type Lookups } from './lookups.ts'

export type LookupDiscovererOptions = {
  /** `http`, `dns`, …: for logs and metrics. */
  readonly kind: string
  readonly context: LookupContext
  /** One run: asks until the signal aborts, then resolves. */
  readonly look: (lookups: Lookups, signal: AbortSignal) => Promise<void>
}

/** A discoverer that asks servers. Until each of them has answered it waits: what they would name is not gone. */
export function createLookupDiscoverer({ kind, context, look }: LookupDiscovererOptions): Discoverer {
  const running = new Set<Lookups>()
  return {
    waits: () => [...running].some((lookups) => lookups.waits()),
    trouble: () => {
      for (const lookups of running) {
        const trouble = lookups.trouble()
        if (trouble !== undefined) return trouble
      }
      return undefined
    },
    run: async (update, signal) => {
      const lookups = openLookups({ kind, update, context })
      running.add(lookups)
      try {
        await look(lookups, signal)
      } finally {
        running.delete(lookups)
        lookups.close()
      }
    },
  }
}

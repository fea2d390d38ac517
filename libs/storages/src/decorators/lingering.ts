import type { Delivery, Sink } from '@clymene/model'

import { rootOf } from './lineage.ts'

/**
 * Deliveries of which a write has failed: a storage may refuse a body before it was sent, and a request that was given up may wait in a
 * socket. So something may have views of their bytes long after another write of them went through. What a storage has acknowledged
 * it has read to the end.
 */
export type Lingering = {
  /** Is told of the failures of this sink. */
  readonly watch: (sink: Sink) => Sink
  /** True also when only a piece of it was in such a write. */
  readonly has: (delivery: Delivery) => boolean
}

export function createLingering(): Lingering {
  const failed = new WeakSet<Delivery>()
  return {
    watch: (sink) => ({
      write: async (deliveries, signal) => {
        try {
          await sink.write(deliveries, signal)
        } catch (error) {
          for (const delivery of deliveries) failed.add(rootOf(delivery))
          throw error
        }
      },
    }),
    has: (delivery) => failed.has(delivery),
  }
}

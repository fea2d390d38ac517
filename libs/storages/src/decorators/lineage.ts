import type { Delivery } from '@clymene/model'

/** From a piece to the delivery that it was cut out of. */
const parents = new WeakMap<Delivery, Delivery>()

/** Makes a piece of `delivery`: same key, origin and headers, other bytes. */
export function pieceOf(delivery: Delivery, value: Buffer, position: number, records: number): Delivery {
  const piece: Delivery = { ...delivery, value, position, headers: { ...delivery.headers, records } }
  parents.set(piece, delivery)
  return piece
}

/** The delivery that was given to be written, of which this is a piece; itself when it was not cut. */
export function rootOf(piece: Delivery): Delivery {
  const parent = parents.get(piece)
  return parent === undefined ? piece : rootOf(parent)
}

/**
 * Deliveries that the storage may hold already, because a write of them had an unknown outcome or because somebody else wrote
 * this partition before. A refusal of one that looks like that of a repeat is one.
 */
export type MaybeStored = {
  readonly mark: (deliveries: readonly Delivery[]) => void
  /** True also for a piece of what was marked. */
  readonly has: (delivery: Delivery) => boolean
}

export function createMaybeStored(): MaybeStored {
  const marked = new WeakSet<Delivery>()
  const has = (delivery: Delivery): boolean => {
    const parent = parents.get(delivery)
    return marked.has(delivery) || (parent !== undefined && has(parent))
  }
  return {
    mark: (deliveries) => {
      for (const delivery of deliveries) marked.add(delivery)
    },
    has,
  }
}

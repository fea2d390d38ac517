import type { Delivery } from '@clymene/model'

import { createRoom, type BodyLimits, type BodySize } from './limits.ts'
import { numberOf } from './recent.ts'

export type Body = {
  readonly deliveries: readonly Delivery[]
  /** Takes the delivery in, or says no: it starts the next body. */
  readonly add: (delivery: Delivery, size: BodySize) => boolean
}

export type BodyOptions = {
  /**
   * Of a body that it refuses the storage may have kept the rest (Cortex, Mimir). What is sent again while the refused part is
   * looked for must then be the newest of its series, else it looks refused too: each key has one message in a body.
   */
  readonly storesParts?: boolean
}

/**
 * The rules of what may stand in one body (all of one kind).
 *
 * A storage that sees a sample older than one before it refuses the body, but inside one body Prometheus drops it and answers
 * 204. So a body holds one tenant, and of each key only messages of one agent and epoch whose sequence rises; what is older,
 * numbered by another, or not numbered at all begins a new one. Unnumbered messages travel alone.
 */
export function createBody(limits: BodyLimits, { storesParts = false }: BodyOptions = {}): Body {
  const deliveries: Delivery[] = []
  const numbers = new Map<string, { readonly by: string; readonly sequence: number }>()
  const room = createRoom(limits)
  let isClosed = false
  return {
    deliveries,
    add: (delivery, size) => {
      const number = numberOf(delivery.headers)
      const [first] = deliveries
      const last = numbers.get(delivery.key)
      if (first !== undefined) {
        if (isClosed || number === undefined || tenantOf(first) !== tenantOf(delivery)) return false
        if (last !== undefined && (storesParts || last.by !== number.by || number.sequence <= last.sequence)) return false
      }
      if (!room.take(size)) return false
      deliveries.push(delivery)
      if (number === undefined) isClosed = true
      else numbers.set(delivery.key, number)
      return true
    },
  }
}

const tenantOf = ({ headers }: Delivery): string => headers.tenant ?? ''

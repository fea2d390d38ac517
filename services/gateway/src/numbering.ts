import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

import type { EnvelopeHeaders } from '@clymene/model'

/** Senders that are remembered; the one that was silent longest makes room, and begins a new epoch when it comes again. */
const MAX_KEYS = 20_000

type Numbering = { readonly epoch: number; sequence: number }

/** Numbers the messages of senders that do not number themselves, per key, in the order in which they are handed on. */
export function createNumbering(now: () => number = Date.now, maxKeys: number = MAX_KEYS): (key: string) => EnvelopeHeaders {
  const agent = `gateway-${hostname()}-${randomBytes(4).toString('hex')}`
  const numberings = new Map<string, Numbering>()
  let newestEpoch = 0
  return (key) => {
    const numbering = numberings.get(key) ?? { epoch: (newestEpoch = Math.max(now(), newestEpoch + 1)), sequence: 0 }
    // A Map keeps the order of insertion: the first key is the one that was silent longest.
    numberings.delete(key)
    numberings.set(key, numbering)
    const [oldest] = numberings.keys()
    if (numberings.size > maxKeys && oldest !== undefined) numberings.delete(oldest)
    numbering.sequence++
    return { agent, epoch: numbering.epoch, sequence: numbering.sequence }
  }
}

import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

import { envelopeKey, type EnvelopeHeaders } from '@clymene/model'

/** Keys that are remembered; past it the numbering starts a new epoch, which readers treat as a new sender. */
const MAX_KEYS = 100_000

/** Numbers the messages of senders that do not number themselves, in the order in which they are handed on. */
export function createNumbering(now: () => number = Date.now): (headers: EnvelopeHeaders, source: string) => EnvelopeHeaders {
  const agent = `gateway-${hostname()}-${randomBytes(4).toString('hex')}`
  const sequences = new Map<string, number>()
  let epoch = now()
  return (headers, source) => {
    if (headers.agent !== undefined && headers.epoch !== undefined && headers.sequence !== undefined) return headers
    if (sequences.size >= MAX_KEYS) {
      sequences.clear()
      epoch = Math.max(now(), epoch + 1)
    }
    const numbered = { ...headers, agent, epoch, stream: source }
    const key = envelopeKey(numbered)
    const sequence = (sequences.get(key) ?? 0) + 1
    sequences.set(key, sequence)
    return { ...numbered, sequence }
  }
}

import { crc32 } from 'node:zlib'

import type { EnvelopeHeaders } from '@clymene/model'

/** Who numbered a message; undefined when nobody did. */
export function numberOf({ agent, epoch, sequence }: EnvelopeHeaders): { readonly by: string; readonly sequence: number } | undefined {
  if (agent === undefined || epoch === undefined || sequence === undefined) return undefined
  return { by: `${epoch} ${agent}`, sequence }
}

/** Numbers kept per key: as many messages as a sender may have on their way at once and send again. */
const KEPT_NUMBERS = 16
/** Pieces kept of one number: 64 MiB, the most that a gateway takes, in pieces of a broker's usual limit. */
const KEPT_PIECES = 72
/** Keys kept; over it the one written longest ago is forgotten. A forgotten repeat is only written twice. */
const KEPT_KEYS = 10_000

/**
 * The numbers written last, by key: a sender that got no answer sends a message again, and both may be in the bus. A message
 * is the same when key, agent, epoch, sequence and bytes are: the pieces of a message that was cut keep its number, and may even be
 * of one length. Bytes are compared by length and CRC-32 (7 µs for 30 kB).
 */
export function createRecentNumbers() {
  const byKey = new Map<string, { readonly by: string; readonly prints: Map<number, Set<string>> }>()
  return {
    has: (key: string, headers: EnvelopeHeaders, value: Buffer): boolean => {
      const number = numberOf(headers)
      const known = byKey.get(key)
      const prints = number !== undefined && known?.by === number.by ? known.prints.get(number.sequence) : undefined
      return prints?.has(printOf(value)) ?? false
    },
    add: (key: string, headers: EnvelopeHeaders, value: Buffer): void => {
      const number = numberOf(headers)
      if (number === undefined) return
      const before = byKey.get(key)
      const entry = before?.by === number.by ? before : { by: number.by, prints: new Map<number, Set<string>>() }
      const prints = entry.prints.get(number.sequence) ?? new Set<string>()
      dropOldest(prints.add(printOf(value)), KEPT_PIECES)
      entry.prints.set(number.sequence, prints)
      dropOldest(entry.prints, KEPT_NUMBERS)
      byKey.delete(key)
      byKey.set(key, entry)
      dropOldest(byKey, KEPT_KEYS)
    },
  }
}

const printOf = (value: Buffer): string => `${value.length} ${crc32(value)}`

/** Maps and sets keep the order of insertion. To look for the first of a large one costs: not when it is not over the limit. */
function dropOldest<K>(kept: Map<K, unknown> | Set<K>, limit: number): void {
  if (kept.size <= limit) return
  for (const key of kept.keys()) {
    if (kept.size <= limit) return
    kept.delete(key)
  }
}

import type { EnvelopeHeaders } from '@clymene/model'

/** Who numbered a message; undefined when nobody did. */
export function numberOf({ agent, epoch, sequence }: EnvelopeHeaders): { readonly by: string; readonly sequence: number } | undefined {
  if (agent === undefined || epoch === undefined || sequence === undefined) return undefined
  return { by: `${epoch} ${agent}`, sequence }
}

/** Numbers kept per key: as many messages as a sender may have on their way at once and send again. */
const KEPT_NUMBERS = 16
/** Keys kept; over it the one written longest ago is forgotten. A forgotten repeat is only written twice. */
const KEPT_KEYS = 10_000

/**
 * The numbers written last, by key: a sender that got no answer sends a message again, and both may be in the bus. A message
 * is the same when key, agent, epoch, sequence and length are.
 */
export function createRecentNumbers() {
  const byKey = new Map<string, { readonly by: string; readonly sizes: Map<number, number> }>()
  return {
    has: (key: string, headers: EnvelopeHeaders, bytes: number): boolean => {
      const number = numberOf(headers)
      const known = byKey.get(key)
      return number !== undefined && known?.by === number.by && known.sizes.get(number.sequence) === bytes
    },
    add: (key: string, headers: EnvelopeHeaders, bytes: number): void => {
      const number = numberOf(headers)
      if (number === undefined) return
      const before = byKey.get(key)
      const entry = before?.by === number.by ? before : { by: number.by, sizes: new Map<number, number>() }
      entry.sizes.set(number.sequence, bytes)
      dropOldest(entry.sizes, KEPT_NUMBERS)
      byKey.delete(key)
      byKey.set(key, entry)
      dropOldest(byKey, KEPT_KEYS)
    },
  }
}

/** Maps keep the order of insertion. */
function dropOldest<K>(map: Map<K, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return
    map.delete(key)
  }
}

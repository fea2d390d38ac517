const FRACTION = /\.(\d{1,9})\d*(?=Z|[+-]\d\d:\d\d$)/

/** A time as the API writes it (RFC 3339, with or without a fraction) in nanoseconds since the epoch; undefined when it is none, as Go's zero time. */
export function readApiTime(text: string): bigint | undefined {
  const milliseconds = Date.parse(text.replace(FRACTION, ''))
  if (Number.isNaN(milliseconds) || milliseconds < 0) return undefined
  return BigInt(milliseconds) * 1_000_000n + BigInt((FRACTION.exec(text)?.[1] ?? '').padEnd(9, '0'))
}

/** How late clocks of other machines may be ahead. */
const MAX_AHEAD_NS = 5n * 60n * 1_000_000_000n

/**
 * The time of an entry: when it happened, with the version of its object in the digits that the API does not use. So a repeat has the same
 * time again and a store knows it, and two that happened in one second keep their order. A time ahead of the clock is taken back to it,
 * because stores refuse the future.
 */
export function entryTime(happenedNs: bigint, version: string, nowNs: bigint): bigint {
  if (happenedNs > nowNs + MAX_AHEAD_NS) return nowNs
  if (!/^\d+$/.test(version)) return happenedNs
  const unused = happenedNs % 1_000_000_000n === 0n ? 1_000_000n : 1000n
  return happenedNs - (happenedNs % 1000n) + (BigInt(version) % unused)
}

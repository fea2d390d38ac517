/** `2022-08-17T10:02:04.123456789+09:00`: RFC 3339, section 5.6. */
const DATE_TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/

/**
 * Nanoseconds since the epoch; digits beyond the ninth are cut. Strict as Go's time.Time: capital T and Z, no second 60.
 *
 * @returns undefined when the text is not such a time.
 */
export function parseRfc3339(text: string): bigint | undefined {
  const match = DATE_TIME.exec(text)
  if (match === null) return undefined
  const part = (index: number): number => Number(match[index] ?? 0)
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)]
  const [offsetHour, offsetMinute] = [part(9), part(10)]
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined
  // setUTCFullYear, because Date.UTC reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  date.setUTCHours(hour, minute, second)
  const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000 * (match[8] === '-' ? -1 : 1)
  const nanos = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'))
  return BigInt(date.getTime() - offsetMs) * 1_000_000n + nanos
}

/** UTC with as many digits as are needed, as Go's RFC3339Nano writes it. */
export function formatRfc3339(timestampNs: bigint): string {
  const nanos = ((timestampNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = new Date(Number((timestampNs - nanos) / 1_000_000n)).toISOString().slice(0, -5)
  const fraction = nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
  return `${seconds}${fraction}Z`
}

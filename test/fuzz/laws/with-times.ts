import type { ExpositionFormat } from '@clymene/wire'

import type { ReadSample } from '../reference/read-page.ts'
import { type Scrape, scrape, shownBy, STALE } from '../scraping.ts'
import { wrongWithExemplars } from './exemplars.ts'

/** How far ahead an exposed time may be. */
const MAX_AHEAD_MS = 600_000

/**
 * With exposed times: until its marker a series rises in time, as stores want it; what is sent stands on its page or ends a series; what
 * could be sent is. Series that a page shows twice are left to the store.
 */
export function wrongWithTimes(pages: readonly Buffer[], format: ExpositionFormat): string | undefined {
  const times: Times = { last: new Map(), ended: new Map() }
  const known = new Set<string>()
  for (const [index, one] of scrape(pages, format, true).entries()) {
    const shown = shownBy(one, format)
    if (one.isTaken === (shown === undefined)) return `page ${index} is ${one.isTaken ? 'taken' : 'refused'}`
    const wrong = wrongWithSamples(one, shown ?? new Map(), times) ?? wrongWithExemplars(one, shown ?? new Map(), known)
    if (wrong !== undefined) return `page ${index}: ${wrong}`
  }
  return undefined
}

type Times = {
  /** Of the last sample of a series that has not ended. */
  readonly last: Map<string, number>
  /** Of the last marker: what is before it may be sent or not, as a store may remember the series or not. */
  readonly ended: Map<string, number>
}

function wrongWithSamples(
  { timestampMs: now, series }: Scrape,
  shown: ReadonlyMap<string, readonly ReadSample[]>,
  { last, ended }: Times,
): string | undefined {
  for (const { labels, samples } of series) {
    const key = JSON.stringify(labels)
    for (const { bits, timestampMs } of samples) {
      const name = `${key} ${bits} ${timestampMs}`
      const exposed = shown.get(key) ?? []
      if (bits === STALE && timestampMs === now) {
        if (exposed.length > 0 && exposed.every(({ ts }) => ts === undefined)) return `${name} ends a series that is there`
        last.delete(key)
        ended.set(key, now)
        continue
      }
      if (!exposed.some((one) => one.bits === bits && (one.ts ?? now) === timestampMs)) return `${name} is not on the page`
      if (exposed.length === 1 && timestampMs <= (last.get(key) ?? -Infinity)) return `${name} is not after ${last.get(key)}`
      last.set(key, Math.max(timestampMs, last.get(key) ?? -Infinity))
    }
  }
  for (const [key, [sample, ...more]] of shown) {
    const at = sample?.ts ?? now
    const isSent = (last.get(key) ?? ended.get(key) ?? -Infinity) >= at
    if (more.length === 0 && at <= now + MAX_AHEAD_MS && !isSent) return `${key} ${at} is not sent`
  }
  return undefined
}

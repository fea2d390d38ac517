import { createPageWriter, NO_LIMITS, noCounts, type PageRules } from '@clymene/sources'
import { createWriteRequestWriter, type ExpositionFormat } from '@clymene/wire'

import type { ReadSample } from './reference/read-page.ts'
import { readPlainPage } from './reference/read-plain-page.ts'
import { type PlainSeries, readPlainWriteRequest } from './reference/write-request.ts'

const RULES: PageRules = {
  target: [],
  external: [],
  honorLabels: false,
  honorTimestamps: false,
  trackTimestampsStaleness: false,
  metricRelabel: () => true,
  limits: NO_LIMITS,
}

export const STALE = '7ff0000000000002'

/** One page of a target and what the agent sends for it. */
export type Scrape = {
  readonly page: Buffer
  readonly timestampMs: number
  readonly isTaken: boolean
  readonly series: readonly PlainSeries[]
}

/** Scrapes the pages one after the other, a second apart. */
export function scrape(pages: readonly Buffer[], format: ExpositionFormat, honorTimestamps: boolean): Scrape[] {
  const target = createPageWriter({ ...RULES, honorTimestamps })
  const writer = createWriteRequestWriter()
  return pages.map((page, index) => {
    const timestampMs = 1000 * (index + 1)
    let isTaken = true
    writer.reset()
    try {
      target.write(page, format, timestampMs, writer, noCounts())
    } catch {
      isTaken = false
      writer.reset()
      target.writeStale(timestampMs, writer)
    }
    return { page, timestampMs, isTaken, series: readPlainWriteRequest(writer.finish()) }
  })
}

/** The samples of a page as the plain reader sees them, by series; undefined when it refuses the page. */
export function shownBy({ page }: Scrape, format: ExpositionFormat): Map<string, ReadSample[]> | undefined {
  // A page without a byte is a good one that exposes nothing.
  const read = readPlainPage(page, page.length === 0 ? 'text' : format)
  return 'refused' in read ? undefined : Map.groupBy(read.samples, keyOf)
}

/** Names a series: its labels but the empty ones, sorted. */
export const keyOf = ({ labels }: Pick<ReadSample, 'labels'>): string =>
  JSON.stringify(labels.filter(([, value]) => value !== '').toSorted(([a], [b]) => (a < b ? -1 : 1)))

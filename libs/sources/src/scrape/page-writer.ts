import {
  encodeSeriesLabels,
  type ExpositionFormat,
  type ExpositionVisitor,
  parseExposition,
  parseSeries,
  type WriteRequestWriter,
} from '@clymene/wire'

import { sampleLabels, ScrapeLimitError, type SampleLabelRules } from './sample-labels.ts'
import { createSeriesTable, type ExposedSample, type SeriesText, type TargetSeries } from './series-table.ts'

export type PageRules = SampleLabelRules & {
  readonly honorTimestamps: boolean
  readonly trackTimestampsStaleness: boolean
}

export type PageCounts = {
  /** Samples on the page. */
  scraped: number
  /** Of these, left after metric_relabel_configs. */
  kept: number
  /** Series that the last good page did not have. */
  added: number
  /** Kept, but not sent: a second sample of a series for the same time. */
  duplicates: number
  /** Kept, but not sent: an exposed time before one that was sent. */
  outOfOrder: number
  /** Kept, but not sent: an exposed time more than ten minutes ahead. */
  outOfBounds: number
}

export type PageWriter = {
  /**
   * Writes the samples of a page, and staleness markers for series that the last good page had and this one has not.
   *
   * @param timestampMs the time of the scrape, for samples without an own one.
   * @param counts what was counted, also when it throws.
   * @throws ExpositionError, ScrapeLimitError or Error when the page fails: what the writer then holds of it is to be dropped.
   */
  readonly write: (body: Buffer, format: ExpositionFormat, timestampMs: number, writer: WriteRequestWriter, counts: PageCounts) => void
  /** Writes staleness markers for every series of the last good page: the scrape failed, or the target is gone. */
  readonly writeStale: (timestampMs: number, writer: WriteRequestWriter) => void
  /** Of the last good page. */
  readonly series: () => number
  /** Other rules from the next page on; a series whose labels stay the same goes on without a marker. */
  readonly use: (rules: PageRules) => void
}

export const noCounts = (): PageCounts => ({ scraped: 0, kept: 0, added: 0, duplicates: 0, outOfOrder: 0, outOfBounds: 0 })

/** How far ahead an exposed timestamp may be, as in Prometheus. */
const MAX_AHEAD_MS = 600_000

/** Turns the pages of one target into series of a WriteRequest; labels are decoded, relabelled and encoded once per series. */
export function createPageWriter(initial: PageRules): PageWriter {
  const table = createSeriesTable()
  let rules = initial
  /** Series with a sample on the last good page whose end is worth a staleness marker. */
  let tracked: TargetSeries[] = []
  let tracking: TargetSeries[] = []
  /** Exposed times as they were before this page, for when it fails. */
  let before: [TargetSeries, ExposedSample | undefined][] = []

  function learn(body: Buffer, start: number, end: number, type: string): SeriesText {
    const labels = sampleLabels(parseSeries(body, start, end, type), rules)
    return table.add(body, start, end, labels === undefined ? undefined : table.series(encodeSeriesLabels(labels)))
  }

  function exposedTimeFits(series: TargetSeries, exposedMs: number, value: number, scrapeMs: number, counts: PageCounts): boolean {
    const last = series.exposed
    if (exposedMs > scrapeMs + MAX_AHEAD_MS) counts.outOfBounds++
    else if (last !== undefined && exposedMs < last.timestampMs) counts.outOfOrder++
    else if (exposedMs === last?.timestampMs) counts.duplicates += Object.is(value, last.value) ? 0 : 1
    else {
      before.push([series, last])
      series.exposed = { timestampMs: exposedMs, value }
      return true
    }
    return false
  }

  function visitor(body: Buffer, page: number, scrapeMs: number, writer: WriteRequestWriter, counts: PageCounts): ExpositionVisitor {
    const { honorTimestamps, trackTimestampsStaleness, limits } = rules
    let type = ''
    return {
      knownSeriesEnd: (at) => table.expectedEnd(body, at),
      metadata: (kind, _nameStart, _nameEnd, textStart, textEnd) => {
        if (kind === 'type') type = body.toString('latin1', textStart, textEnd)
      },
      sample: (start, end, value, exposedMs) => {
        counts.scraped++
        const known = table.find(body, start, end)
        const text = known ?? learn(body, start, end, type)
        table.mark(text)
        const { series } = text
        if (series === undefined) return
        counts.kept++
        if (limits.samples > 0 && counts.kept > limits.samples) return
        const again = series.page === page
        series.page = page
        const timestampMs = honorTimestamps ? exposedMs : undefined
        if (timestampMs === undefined) {
          if (again) {
            counts.duplicates++
            return
          }
          writer.append(series.labels, scrapeMs, value)
        } else if (exposedTimeFits(series, timestampMs, value, scrapeMs, counts)) writer.append(series.labels, timestampMs, value)
        if (again) return
        if (known === undefined) counts.added++
        if (timestampMs === undefined || trackTimestampsStaleness) tracking.push(series)
      },
    }
  }

  return {
    write: (body, format, timestampMs, writer, counts) => {
      const page = table.begin()
      tracking.length = 0
      before = []
      try {
        parseExposition(body, format, visitor(body, page, timestampMs, writer, counts))
        const limit = rules.limits.samples
        if (limit > 0 && counts.kept > limit) throw new ScrapeLimitError('sample_limit', `${counts.kept} samples, limit ${limit}`)
      } catch (error) {
        for (const [series, exposed] of before.toReversed()) series.exposed = exposed
        table.rollback()
        throw error
      }
      for (const series of tracked) if (series.page !== page) markStale(series, timestampMs, writer)
      ;[tracked, tracking] = [tracking, tracked]
      table.commit()
    },
    writeStale: (timestampMs, writer) => {
      for (const series of tracked) markStale(series, timestampMs, writer)
      tracked = []
    },
    series: () => tracked.length,
    use: (next) => {
      rules = next
      table.forgetTexts()
    },
  }
}

function markStale(series: TargetSeries, timestampMs: number, writer: WriteRequestWriter): void {
  writer.appendStale(series.labels, timestampMs)
  // What the target exposes later for a time before the marker would be out of order.
  const last = series.exposed
  if (last !== undefined && last.timestampMs < timestampMs) series.exposed = { timestampMs, value: Number.NaN }
}

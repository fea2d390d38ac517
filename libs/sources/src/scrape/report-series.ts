import { type Labels, sortedLabels } from '@clymene/model'
import { encodeSeriesLabels, type WriteRequestWriter } from '@clymene/wire'

import type { PageCounts } from './page-counts.ts'
import { withExternal } from './sample-labels.ts'

export type ScrapeReport = {
  readonly ok: boolean
  readonly seconds: number
  readonly counts: PageCounts
  /** Of jobs with `extra_scrape_metrics`. */
  readonly extra?: ExtraReport
}

export type ExtraReport = {
  readonly timeoutMs: number
  /** 0 is none. */
  readonly sampleLimit: number
  /** Of the page, decompressed; -1 when it was larger than it may be, 0 when there was none. */
  readonly bodyBytes: number
}

export type ReportSeries = {
  /** Writes the series, and staleness markers for those that are accepted and no longer among them. */
  readonly write: (report: ScrapeReport, timestampMs: number, writer: WriteRequestWriter) => void
  /** What was written last was accepted. */
  readonly keep: () => void
  /** The target is no longer scraped. */
  readonly writeStale: (timestampMs: number, writer: WriteRequestWriter) => void
  /** Other external labels from the next report on. */
  readonly use: (external: Labels) => void
}

/** The series that a scrape writes about itself, with the target's public labels. */
export function createReportSeries(target: Labels, external: Labels): ReportSeries {
  const encode = (names: readonly string[], others: Labels): readonly Buffer[] =>
    names.map((name) => encodeSeriesLabels(withExternal(sortedLabels([['__name__', name], ...target]), others)))
  let labels = external
  let encoded = encode(NAMES, labels)
  /** With the extra ones; present since the first report that has them, as most jobs have none. */
  let encodedAll: readonly Buffer[] | undefined
  /** Accepted last. */
  let known: readonly Buffer[] = []
  let written = known
  return {
    write: ({ ok, seconds, counts, extra }, timestampMs, writer) => {
      const values = [ok ? 1 : 0, seconds, counts.scraped, counts.kept, counts.added]
      if (extra !== undefined) {
        encodedAll ??= [...encoded, ...encode(EXTRA_NAMES, labels)]
        values.push(extra.timeoutMs / 1000, extra.sampleLimit, extra.bodyBytes)
      }
      written = extra === undefined || encodedAll === undefined ? encoded : encodedAll
      for (const [index, series] of written.entries()) writer.append(series, timestampMs, values[index]!)
      if (known === written) return
      for (const former of known) if (!written.some((series) => series.equals(former))) writer.appendStale(former, timestampMs)
    },
    keep: () => {
      known = written
    },
    writeStale: (timestampMs, writer) => {
      for (const series of known) writer.appendStale(series, timestampMs)
    },
    use: (next) => {
      if (next === labels) return
      labels = next
      encoded = encode(NAMES, labels)
      encodedAll = undefined
    },
  }
}

const NAMES = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added']
const EXTRA_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes']

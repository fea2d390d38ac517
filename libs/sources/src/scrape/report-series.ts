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
  readonly write: (report: ScrapeReport, timestampMs: number, writer: WriteRequestWriter) => void
  /** The target is no longer scraped. */
  readonly writeStale: (timestampMs: number, writer: WriteRequestWriter) => void
}

/** The series that a scrape writes about itself, with the target's public labels. */
export function createReportSeries(target: Labels, external: Labels): ReportSeries {
  const encode = (names: readonly string[]): readonly Buffer[] =>
    names.map((name) => encodeSeriesLabels(withExternal(sortedLabels([['__name__', name], ...target]), external)))
  const encoded = encode(NAMES)
  /** Present since the first report that has them, as most jobs have none. */
  let encodedExtra: readonly Buffer[] = []
  const append = (series: readonly Buffer[], values: readonly number[], timestampMs: number, writer: WriteRequestWriter): void =>
    series.forEach((labels, index) => writer.append(labels, timestampMs, values[index]!))
  return {
    write: ({ ok, seconds, counts, extra }, timestampMs, writer) => {
      append(encoded, [ok ? 1 : 0, seconds, counts.scraped, counts.kept, counts.added], timestampMs, writer)
      if (extra === undefined) return
      if (encodedExtra.length === 0) encodedExtra = encode(EXTRA_NAMES)
      append(encodedExtra, [extra.timeoutMs / 1000, extra.sampleLimit, extra.bodyBytes], timestampMs, writer)
    },
    writeStale: (timestampMs, writer) => {
      for (const labels of [...encoded, ...encodedExtra]) writer.appendStale(labels, timestampMs)
    },
  }
}

const NAMES = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added']
const EXTRA_NAMES = ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes']

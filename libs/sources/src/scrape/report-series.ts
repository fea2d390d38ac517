import { type Labels, sortedLabels } from '@clymene/model'
import { encodeSeriesLabels, type WriteRequestWriter } from '@clymene/wire'

import type { PageCounts } from './page-counts.ts'
import { withExternal } from './sample-labels.ts'

export type ScrapeReport = {
  readonly ok: boolean
  readonly seconds: number
  readonly counts: PageCounts
}

export type ReportSeries = {
  readonly write: (report: ScrapeReport, timestampMs: number, writer: WriteRequestWriter) => void
  /** The target is no longer scraped. */
  readonly writeStale: (timestampMs: number, writer: WriteRequestWriter) => void
}

/** The series that a scrape writes about itself, with the target's public labels. */
export function createReportSeries(target: Labels, external: Labels): ReportSeries {
  const encoded = NAMES.map((name) => encodeSeriesLabels(withExternal(sortedLabels([['__name__', name], ...target]), external)))
  return {
    write: ({ ok, seconds, counts }, timestampMs, writer) => {
      const values = [ok ? 1 : 0, seconds, counts.scraped, counts.kept, counts.added]
      encoded.forEach((labels, index) => writer.append(labels, timestampMs, values[index]!))
    },
    writeStale: (timestampMs, writer) => encoded.forEach((labels) => writer.appendStale(labels, timestampMs)),
  }
}

const NAMES = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'scrape_samples_post_metric_relabeling',
  'scrape_series_added',
] as const

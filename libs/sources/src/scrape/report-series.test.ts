import { createWriteRequestWriter } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { noCounts } from './page-counts.ts'
import { readBatch } from './read-batch.test-kit.ts'
import { createReportSeries, type ReportSeries, type ScrapeReport } from './report-series.ts'

const GOOD: ScrapeReport = { ok: true, seconds: 0.25, counts: { ...noCounts(), scraped: 3, kept: 2, added: 1 } }
const EXTRA = { timeoutMs: 2500, sampleLimit: 10, bodyBytes: 1234 }
const LABELS = '{cluster="c",instance="i",job="j"}'

const create = (): ReportSeries =>
  createReportSeries(
    [
      ['instance', 'i'],
      ['job', 'j'],
    ],
    [['cluster', 'c']],
  )

/** `name value` of what is written; all of it has the time, and the labels except where others stand. */
function written(write: (writer: ReturnType<typeof createWriteRequestWriter>) => void): string[] {
  const writer = createWriteRequestWriter()
  write(writer)
  return readBatch(writer.finish()).map(({ series, value, at }) => {
    expect(at).toBe(7)
    return `${series.replace(LABELS, '')} ${value}`
  })
}

const FIVE = [
  'up 1',
  'scrape_duration_seconds 0.25',
  'scrape_samples_scraped 3',
  'scrape_samples_post_metric_relabeling 2',
  'scrape_series_added 1',
]
const THREE = ['scrape_timeout_seconds 2.5', 'scrape_sample_limit 10', 'scrape_body_size_bytes 1234']
const stale = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/ .*/, ' stale'))

test('a scrape writes five series about itself', () => {
  expect(written((writer) => create().write(GOOD, 7, writer))).toEqual(FIVE)
})

test('one that fails too: what it counted until then', () => {
  const failed = { ...GOOD, ok: false, counts: noCounts() }
  expect(written((writer) => create().write(failed, 7, writer))).toEqual([
    'up 0',
    'scrape_duration_seconds 0.25',
    ...['scraped', 'post_metric_relabeling'].map((name) => `scrape_samples_${name} 0`),
    'scrape_series_added 0',
  ])
})

test('and three more where the job wants them', () => {
  expect(written((writer) => create().write({ ...GOOD, extra: EXTRA }, 7, writer))).toEqual([...FIVE, ...THREE])
})

/** What a report writes that is accepted. */
function accepted(series: ReportSeries, report: ScrapeReport): string[] {
  const lines = written((writer) => series.write(report, 7, writer))
  series.keep()
  return lines
}

test('they end with the target, the extra ones if there were any', () => {
  const report = create()
  expect(written((writer) => report.writeStale(7, writer))).toEqual([])
  accepted(report, GOOD)
  expect(written((writer) => report.writeStale(7, writer))).toEqual(stale(FIVE))
  accepted(report, { ...GOOD, extra: EXTRA })
  expect(written((writer) => report.writeStale(7, writer))).toEqual(stale([...FIVE, ...THREE]))
})

describe('series that are not written any more end with the next report', () => {
  const two = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(/^\w+/, (name) => name + LABELS.replace('cluster="c"', 'cluster="two"')))

  test('the extra ones', () => {
    const report = create()
    accepted(report, { ...GOOD, extra: EXTRA })
    expect(accepted(report, GOOD)).toEqual([...FIVE, ...stale(THREE)])
    expect(accepted(report, GOOD)).toEqual(FIVE)
    expect(accepted(report, { ...GOOD, extra: EXTRA })).toEqual([...FIVE, ...THREE])
  })

  test('those with other external labels', () => {
    const report = create()
    accepted(report, { ...GOOD, extra: EXTRA })
    report.use([['cluster', 'two']])
    expect(accepted(report, GOOD)).toEqual([...two(FIVE), ...stale([...FIVE, ...THREE])])
    expect(written((writer) => report.writeStale(7, writer))).toEqual(stale(two(FIVE)))
  })

  test('not those whose labels are the same, or the same again', () => {
    const report = create()
    accepted(report, GOOD)
    report.use([['cluster', 'two']])
    report.use([['cluster', 'c']])
    expect(accepted(report, GOOD)).toEqual(FIVE)
  })

  test('once more when the report was not accepted', () => {
    const report = create()
    accepted(report, { ...GOOD, extra: EXTRA })
    written((writer) => report.write(GOOD, 7, writer))
    expect(accepted(report, GOOD)).toEqual([...FIVE, ...stale(THREE)])
  })
})

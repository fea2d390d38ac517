import {
  encodeSeriesLabels,
  type ExpositionFormat,
  type ExpositionVisitor,
  parseExposition,
  parseSeries,
  type WriteRequestWriter,
} from '@clymene/wire'

import type { ExposedTimes } from './exposed-times.ts'
import type { NewExemplars, PageExemplar } from './new-exemplars.ts'
import type { PageCounts } from './page-counts.ts'
import { noteLine } from './page-metadata.ts'
import { sampleLabels, ScrapeLimitError, type SampleLabelRules } from './sample-labels.ts'
import type { SeriesBudget } from './series-budget.ts'
import type { SeriesSample } from './series-sample.ts'
import type { SeriesTable } from './series-table.ts'

export type PageRules = SampleLabelRules & {
  readonly honorTimestamps: boolean
  readonly trackTimestampsStaleness: boolean
  /** There are no metric_relabel_configs: samples can be counted without knowing their labels. */
  readonly keepsAll?: boolean
}

/** What is known of a target's series. */
export type KnownSeries = {
  readonly table: SeriesTable
  readonly times: ExposedTimes
  readonly exemplars: NewExemplars
  readonly sample: SeriesSample
  budget: SeriesBudget
  /** Time of the last good page; NaN before the first. */
  lastMs: number
  /** When a failed page ended the series of the last good one. */
  endedMs: number
}

export type PageReading = {
  readonly body: Buffer
  readonly format: ExpositionFormat
  readonly timestampMs: number
  readonly writer: WriteRequestWriter
  readonly counts: PageCounts
}

/** Unknown series of a page beyond the budget whose labels are looked at, so that those which rules drop do not count as left out. */
const LOOKED_AT = 1000

/**
 * Writes the samples of one page, in its order.
 *
 * Limits: what fails a page is known as early as it can be. Beyond sample_limit nothing is remembered, and nothing relabelled where there
 * are no rules; the rest of the page is only counted, as the report series say how many samples it had.
 *
 * @returns its lines of metadata (noteLine).
 * @throws ExpositionError, ScrapeLimitError or Error
 */
export function readPage(
  known: KnownSeries,
  rules: PageRules,
  { body, format, timestampMs: scrapeMs, writer, counts }: PageReading,
): readonly number[] {
  const { table, times, exemplars, sample, budget } = known
  const { series } = table
  const { honorTimestamps, trackTimestampsStaleness, keepsAll } = rules
  const limit = rules.limits.samples === 0 ? Infinity : rules.limits.samples
  const lines: number[] = []
  let [typeStart, typeEnd] = [0, 0]
  let pending: PageExemplar | undefined
  /** As Prometheus counts for sample_limit: without second samples of the same text. */
  let counted = 0

  const visitor: ExpositionVisitor = {
    knownSeriesEnd: (at) => table.expectedEnd(body, at),
    metadata: (kind, nameStart, nameEnd, textStart, textEnd) => {
      if (kind === 'type') [typeStart, typeEnd] = [textStart, textEnd]
      noteLine(lines, kind, nameStart, nameEnd, textStart, textEnd)
    },
    exemplar: (start, end, value, ownMs) => {
      pending = { sample: counts.scraped + 1, start, end, value, ownMs }
    },
    sample: (start, end, value, exposedMs) => {
      counts.scraped++
      let text = table.find(body, start, end)
      if (text >= 0 && exposedMs === undefined && counted < limit && times.isEmpty()) {
        const one = table.showUsual(text)
        if (one >= 0) {
          counts.kept++
          counted++
          send(one, scrapeMs, value)
          return
        }
      }
      if (text < 0) text = learn(start, end)
      if (text >= 0) readSample(text, value, honorTimestamps ? exposedMs : undefined)
    },
  }

  function readSample(text: number, value: number, exposedMs: number | undefined): void {
    const one = table.meaning(text)
    if (one < 0) return table.show(text)
    counts.kept++
    if (exposedMs === undefined && table.isShown(text)) {
      counts.duplicates++
      return
    }
    if (++counted > limit) return
    if (!table.isAdmitted(one)) {
      if (!budget.take()) {
        counts.leftOut++
        return
      }
      table.admit(one)
    }
    const isNew = table.isNew(text)
    const isSent = exposedMs === undefined ? sendScraped(one, value) : sendExposed(one, exposedMs, value)
    // As in Prometheus: what was refused is not remembered.
    if (isNew && !isSent) return
    if (isNew) counts.added++
    table.show(text)
  }

  function sendScraped(one: number, value: number): boolean {
    if (!table.showSeries(one)) {
      counts.duplicates++
      return true
    }
    if (!times.pass(one / series.stride, scrapeMs, value)) {
      counts.outOfOrder++
      return false
    }
    send(one, scrapeMs, value)
    table.track(one)
    return true
  }

  function sendExposed(one: number, timestampMs: number, value: number): boolean {
    table.showSeries(one)
    const outcome = times.check(one / series.stride, timestampMs, value, lastScrapedMs(one), scrapeMs, counts)
    if (outcome === 'refused') return false
    if (outcome === 'new') send(one, timestampMs, value)
    if (trackTimestampsStaleness) table.track(one)
    return true
  }

  /** Time of the last sample or marker of a series that has had no exposed times; else NaN. */
  function lastScrapedMs(one: number): number {
    if (!Number.isNaN(times.last(one / series.stride))) return Number.NaN
    return table.isTracked(one) ? known.lastMs : table.isEnded(one) ? known.endedMs : Number.NaN
  }

  function send(one: number, timestampMs: number, value: number): void {
    const start = series.start(one)
    const exemplar = pending === undefined ? undefined : encodeExemplar(one, timestampMs)
    writer.appendFrom(series.bytes, start, start + series.length(one), timestampMs, value, exemplar)
  }

  function encodeExemplar(one: number, timestampMs: number): Buffer | undefined {
    // What was handed over before a sample that was not sent.
    if (pending?.sample !== counts.scraped) return undefined
    return exemplars.encode(pending, body, one / series.stride, timestampMs, counts)
  }

  /** The text of a series that was not known; -1 when it is not remembered, because the page fails or there are too many. */
  function learn(start: number, end: number): number {
    const fails = counted >= limit
    if ((fails && keepsAll === true) || counts.leftOut >= LOOKED_AT) return leaveOut(fails)
    const labels = sampleLabels(parseSeries(body, start, end, body.toString('latin1', typeStart, typeEnd)), rules)
    if (fails) return labels === undefined ? -1 : leaveOut(fails)
    if (labels === undefined) return table.add(body, start, end, -1)
    const encoded = encodeSeriesLabels(labels)
    let one = table.findSeries(encoded)
    if (one < 0) {
      if (!budget.take()) {
        sample.see(labels)
        return leaveOut(fails)
      }
      one = table.addSeries(encoded)
      table.admit(one)
    }
    return table.add(body, start, end, one)
  }

  function leaveOut(fails: boolean): -1 {
    counts.kept++
    counted++
    if (!fails) counts.leftOut++
    return -1
  }

  parseExposition(body, format, visitor)
  if (counted > limit) throw new ScrapeLimitError('sample_limit', `${counts.kept} samples, limit ${limit}`)
  return lines
}

import type { Labels } from '@clymene/model'
import { encodeSeriesLabels, type ExpositionFormat, type WriteRequestWriter } from '@clymene/wire'

import { createExposedTimes } from './exposed-times.ts'
import { createMetadataTable, type MetadataTable } from './metadata-table.ts'
import { createNewExemplars } from './new-exemplars.ts'
import type { PageCounts } from './page-counts.ts'
import { createPageMetadata } from './page-metadata.ts'
import { type KnownSeries, type PageRules, readPage } from './read-page.ts'
import type { FamilyMetadata, GrowingLabel } from './scrape-view.ts'
import { createSeriesBudget, type SeriesBudget } from './series-budget.ts'
import { createSeriesSample } from './series-sample.ts'
import { createSeriesTable } from './series-table.ts'

/** What a target has in common with others. */
export type PageShare = {
  readonly budget?: SeriesBudget
  readonly metadata?: MetadataTable
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
  /** What was written last was accepted. The next page takes that for granted. */
  readonly keep: () => void
  /** What was written last was not accepted: its markers and what it says of series are written again with the next page. */
  readonly undo: () => void
  /** Other rules from the next page on; a series whose labels stay the same goes on without a marker. */
  readonly use: (rules: PageRules) => void
  /** Series of the last good page; none when a page failed since. */
  readonly series: () => number
  readonly families: () => ReadonlyMap<string, FamilyMetadata>
  /** Whether the last good page had a series that is sent with these labels; false also when it was left out. */
  readonly sends: (labels: Labels) => boolean
  readonly growingLabels: () => readonly GrowingLabel[]
  /** The series count in another budget from now on. */
  readonly moveTo: (budget: SeriesBudget) => void
  /** Gives the series back to the budget: there will be no further page. */
  readonly close: () => void
}

/** Turns the pages of one target into series of a WriteRequest; labels are decoded, relabelled and encoded once per series. */
export function createPageWriter(initial: PageRules, share: PageShare = {}): PageWriter {
  const metadata = createPageMetadata(share.metadata ?? createMetadataTable({ intervalMs: 0 }))
  const table = createSeriesTable((series) => known.budget.release(series))
  const times = createExposedTimes()
  const exemplars = createNewExemplars()
  const sample = createSeriesSample(table)
  const known: KnownSeries = {
    table,
    times,
    exemplars,
    sample,
    budget: share.budget ?? createSeriesBudget(0),
    lastMs: Number.NaN,
    endedMs: Number.NaN,
  }
  let rules = initial
  /** Written and neither kept nor undone: a good page, or the end of all series. */
  let open: { readonly series: number; readonly keep: () => void } | undefined
  let hasOtherRules = false

  const markStale = (one: number, timestampMs: number, writer: WriteRequestWriter): void => {
    const { series } = table
    // A store refuses what is not after the last sample.
    if (!times.pass(one / series.stride, timestampMs, Number.NaN)) return
    writer.appendStaleFrom(series.bytes, series.start(one), series.start(one) + series.length(one), timestampMs)
  }

  /** Series have moved in the table. */
  function follow(moved: Int32Array | undefined): void {
    if (moved === undefined) return
    const numbers = moved.map((at) => (at < 0 ? -1 : at / table.series.stride))
    times.move(numbers)
    exemplars.move(numbers)
  }

  function writeStale(timestampMs: number, writer: WriteRequestWriter): void {
    keep()
    let ended = false
    table.forEachGone((one) => {
      markStale(one, timestampMs, writer)
      ended = true
    })
    open = {
      series: 0,
      keep: () => {
        table.endAll()
        if (ended) known.endedMs = timestampMs
      },
    }
  }

  function keep(): void {
    const written = open
    if (written === undefined) return
    open = undefined
    times.keep()
    exemplars.keep()
    written.keep()
    forgetTexts()
  }

  function undo(): void {
    open = undefined
    times.undo()
    exemplars.begin()
    follow(table.rollback())
    forgetTexts()
  }

  /** Not while a page is open: it goes on with what it was read with. */
  function forgetTexts(): void {
    if (hasOtherRules && open === undefined) {
      table.forgetTexts()
      hasOtherRules = false
    }
  }

  return {
    write: (body, format, timestampMs, writer, counts) => {
      // As in Prometheus the series end but are still known.
      if (body.length === 0) return writeStale(timestampMs, writer)
      keep()
      table.begin(body.length)
      exemplars.begin()
      sample.begin()
      try {
        const lines = readPage(known, rules, { body, format, timestampMs, writer, counts })
        table.forEachGone((one) => {
          markStale(one, timestampMs, writer)
          if (table.isSeriesShown(one)) times.note(one / table.series.stride, timestampMs)
        })
        metadata.write(lines, counts.added > 0, { body, format, timestampMs, writer })
      } catch (error) {
        undo()
        throw error
      }
      open = {
        series: table.shown(),
        keep: () => {
          follow(table.commit())
          known.lastMs = timestampMs
        },
      }
    },
    writeStale,
    keep,
    undo: () => {
      if (open !== undefined) undo()
    },
    use: (next) => {
      rules = next
      hasOtherRules = true
      forgetTexts()
    },
    series: () => open?.series ?? table.size(),
    families: metadata.families,
    sends: (labels) => {
      const one = table.findSeries(encodeSeriesLabels(labels))
      return one >= 0 && table.isAdmitted(one)
    },
    growingLabels: sample.growing,
    moveTo: (budget) => {
      keep()
      budget.add(known.budget.used())
      known.budget.release(known.budget.used())
      known.budget = budget
    },
    close: () => {
      keep()
      known.budget.release(known.budget.used())
    },
  }
}

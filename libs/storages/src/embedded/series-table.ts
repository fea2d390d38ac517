import { labelValue, type Labels } from '@clymene/model'

import { lastTime } from './columns.ts'
import { emptyColumns, type SampleColumns } from './sample-chunk.ts'

/** One series in memory: its labels and the chunk that is being filled. */
export type Series = {
  readonly id: number
  readonly labels: Labels
  /** The label fields as last received: the next scrape brings the same bytes. */
  raw: Buffer
  /** Which series came after this one in the last scrape: right 99 times of 100, and a comparison is all it costs to know. */
  next: Series | undefined
  open: SampleColumns
  /** Row of the open chunk, once a checkpoint has written it. */
  openRow: number | undefined
  /** The open chunk has samples that its row has not. */
  dirty: boolean
  /** Newest time in the chunks that are closed: a sample up to here is late. */
  sealedMs: number
}

export type SeriesTable = {
  readonly size: () => number
  readonly all: () => Iterable<Series>
  readonly byId: (id: number) => Series | undefined
  /** An id that no series has had, gone ones included: a journal row may still name those. */
  readonly nextId: () => number
  readonly reserveId: (id: number) => void
  /** Those of a metric name; all for undefined. */
  readonly named: (name: string | undefined) => Iterable<Series>
  /** The series with these label bytes, when they were seen before; `previous` is the series before it in the message. */
  readonly find: (previous: Series | undefined, bytes: Buffer, start: number, end: number) => Series | undefined
  readonly findLabels: (labels: Labels) => Series | undefined
  /** Other bytes for the same labels (another order) were seen. */
  readonly alias: (series: Series, raw: Buffer) => void
  readonly add: (id: number, labels: Labels, raw: Buffer | undefined) => Series
  readonly remove: (series: Series) => void
  readonly clear: () => void
}

/** How labels stand in the database: `[["__name__","up"],["job","a"]]`. */
export const labelsText = (labels: Labels): string => JSON.stringify(labels)
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by labelsText
export const readLabelsText = (text: string): Labels => JSON.parse(text) as Labels

export function createSeriesTable(): SeriesTable {
  const ids = new Map<number, Series>()
  const names = new Map<string, Set<Series>>()
  const byLabels = new Map<string, Series>()
  const byRaw = new Map<string, Series>()
  let highestId = 0
  const remember = (series: Series, raw: Buffer): void => {
    byRaw.delete(rawKey(series.raw, 0, series.raw.length))
    series.raw = raw
    byRaw.set(rawKey(raw, 0, raw.length), series)
  }
  return {
    size: () => ids.size,
    all: () => ids.values(),
    byId: (id) => ids.get(id),
    nextId: () => highestId + 1,
    reserveId: (id) => {
      highestId = Math.max(highestId, id)
    },
    named: (name) => (name === undefined ? ids.values() : (names.get(name) ?? [])),
    find: (previous, bytes, start, end) => {
      const guess = previous?.next
      const known = guess !== undefined && guess.raw.length > 0 && end - start === guess.raw.length
      if (known && bytes.compare(guess.raw, 0, guess.raw.length, start, end) === 0) {
        return guess
      }
      const series = byRaw.get(rawKey(bytes, start, end))
      if (series !== undefined && previous !== undefined) previous.next = series
      return series
    },
    findLabels: (labels) => byLabels.get(labelsText(labels)),
    alias: remember,
    add: (id, labels, raw) => {
      const series: Series = {
        id,
        labels,
        raw: Buffer.alloc(0),
        next: undefined,
        open: emptyColumns(),
        openRow: undefined,
        dirty: false,
        sealedMs: -Infinity,
      }
      ids.set(id, series)
      highestId = Math.max(highestId, id)
      byLabels.set(labelsText(labels), series)
      if (raw !== undefined) remember(series, raw)
      const name = labelValue(labels, '__name__')
      const sameName = names.get(name)
      if (sameName === undefined) names.set(name, new Set([series]))
      else sameName.add(series)
      return series
    },
    remove: (series) => {
      ids.delete(series.id)
      byLabels.delete(labelsText(series.labels))
      byRaw.delete(rawKey(series.raw, 0, series.raw.length))
      const name = labelValue(series.labels, '__name__')
      const sameName = names.get(name)
      sameName?.delete(series)
      if (sameName?.size === 0) names.delete(name)
      // Whoever still points here by `next` must not find it.
      series.raw = Buffer.alloc(0)
      series.next = undefined
    },
    clear: () => {
      for (const map of [ids, names, byLabels, byRaw]) map.clear()
    },
  }
}

/** Bytes as a text of one unit a byte: what a Map can hold. */
const rawKey = (bytes: Buffer, start: number, end: number): string => bytes.toString('latin1', start, end)

/** Newest sample of a series that memory knows of, milliseconds; -Infinity when there is none. */
export const newestMs = (series: Series): number => (series.open.count > 0 ? lastTime(series.open) : series.sealedMs)

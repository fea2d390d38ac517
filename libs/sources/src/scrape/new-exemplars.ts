import { encodeExemplar, parseExemplarLabels } from '@clymene/wire'

import { hashBytes } from './byte-table.ts'
import type { PageCounts } from './page-counts.ts'

/** Of one page: an exporter has one for a histogram's bucket and a counter, most of them unchanged. */
const MOST_OF_A_PAGE = 10_000

/** As the page has it, with the sample of that number: labels are `body[start, end)`. */
export type PageExemplar = {
  readonly sample: number
  readonly start: number
  readonly end: number
  readonly value: number
  readonly ownMs: number | undefined
}

type Sent = {
  /** Of the labels as they stand on the page. */
  readonly hash: number
  readonly value: number
  /** As exposed. */
  readonly ownMs: number | undefined
  readonly timestampMs: number
}

export type NewExemplars = ReturnType<typeof createNewExemplars>

/**
 * Which exemplars of a target's pages are sent: as in Prometheus one that says the same as the last of its series is not sent again,
 * nor one from before it, nor one with labels of more than 128 characters.
 */
export function createNewExemplars() {
  /** By number of the series. */
  let sent = new Map<number, Sent>()
  let reading: (readonly [number, Sent])[] = []

  return {
    /** The exemplar as a field of its series, or undefined when it is not new. */
    encode(
      { start, end, value, ownMs }: PageExemplar,
      body: Buffer,
      series: number,
      sampleMs: number,
      counts: PageCounts,
    ): Buffer | undefined {
      const one: Sent = { hash: hashBytes(body, start, end), value, ownMs, timestampMs: ownMs ?? sampleMs }
      const last = sent.get(series)
      if (last !== undefined) {
        if (last.hash === one.hash && Object.is(last.value, value) && last.ownMs === ownMs) return undefined
        if (one.timestampMs < last.timestampMs || (one.timestampMs === last.timestampMs && value < last.value)) return undefined
      }
      const labels = reading.length < MOST_OF_A_PAGE ? parseExemplarLabels(body, start) : undefined
      if (labels === undefined) {
        counts.exemplarsLeftOut++
        return undefined
      }
      reading.push([series, one])
      return encodeExemplar(labels, value, one.timestampMs)
    },
    begin(): void {
      reading = []
    },
    /** The page was good. */
    keep(): void {
      for (const [series, one] of reading) sent.set(series, one)
      reading = []
    },
    /** @param moved the new number of each series, -1 where it is forgotten. */
    move(moved: Int32Array): void {
      if (sent.size === 0) return
      const old = sent
      sent = new Map()
      for (const [series, one] of old) {
        const to = moved[series] ?? -1
        if (to >= 0) sent.set(to, one)
      }
    },
  }
}

import type { PageCounts } from './page-counts.ts'

/** How far ahead an exposed timestamp may be, as in Prometheus. */
const MAX_AHEAD_MS = 600_000
const NONE = new Float64Array(0)

export type ExposedTimes = ReturnType<typeof createExposedTimes>

/**
 * The samples of a target that were sent last with an exposed time, 16 bytes a series, and nothing where no page has such times: what a
 * page repeats is not sent again, and what a store would refuse is dropped here. Series are named by their number in the table.
 */
export function createExposedTimes() {
  /** Time and value by series; NaN where none was sent. */
  let sent = NONE
  /** Series, time and value as they were before this page, for when it fails. */
  let before: number[] = []

  function set(series: number, timestampMs: number, value: number): void {
    if (2 * series >= sent.length) {
      const larger = new Float64Array(2 * Math.ceil((series + 1) * 1.125)).fill(Number.NaN)
      larger.set(sent)
      sent = larger
    }
    sent[2 * series] = timestampMs
    sent[2 * series + 1] = value
  }

  const last = (series: number): number => sent[2 * series] ?? Number.NaN

  return {
    last,
    isEmpty: (): boolean => sent.length === 0,
    /**
     * Whether a sample is sent (`new`), was sent already (`same`), or would be refused and is counted.
     *
     * @param scrapedMs of the last sample of the series that was sent without an exposed time; NaN if there is none.
     * @param nowMs of the scrape.
     */
    check(
      series: number,
      timestampMs: number,
      value: number,
      scrapedMs: number,
      nowMs: number,
      counts: PageCounts,
    ): 'new' | 'same' | 'refused' {
      const lastMs = last(series)
      if (timestampMs > nowMs + MAX_AHEAD_MS) counts.outOfBounds++
      else if (timestampMs < lastMs || timestampMs < scrapedMs) counts.outOfOrder++
      else if (timestampMs === lastMs || timestampMs === scrapedMs) {
        if (Object.is(value, sent[2 * series + 1])) return 'same'
        counts.duplicates++
      } else {
        before.push(series, lastMs, sent[2 * series + 1] ?? Number.NaN)
        set(series, timestampMs, value)
        return 'new'
      }
      return 'refused'
    },
    /** A marker, or a sample with the time of the scrape, of a series that had exposed times: false when it would be out of order. */
    pass(series: number, timestampMs: number, value: number): boolean {
      if (sent.length === 0) return true
      const lastMs = last(series)
      if (lastMs >= timestampMs) return false
      if (!Number.isNaN(lastMs)) {
        before.push(series, lastMs, sent[2 * series + 1]!)
        set(series, timestampMs, value)
      }
      return true
    },
    /** A marker of a series that has exposed times from now on. */
    note(series: number, timestampMs: number): void {
      // No marker was written after a sample that is ahead of the scrape.
      if (last(series) >= timestampMs) return
      before.push(series, last(series), sent[2 * series + 1] ?? Number.NaN)
      set(series, timestampMs, Number.NaN)
    },
    /** What happened since the last time is final. */
    keep(): void {
      before = []
    },
    /** Nothing since then has happened. */
    undo(): void {
      for (let at = before.length - 3; at >= 0; at -= 3) set(before[at]!, before[at + 1]!, before[at + 2]!)
      before = []
    },
    /** @param moved the new number of each series, -1 where it is forgotten. */
    move(moved: Int32Array): void {
      const old = sent
      sent = NONE
      if (old.length === 0) return
      const kept = new Float64Array(2 * moved.reduce((most, to) => Math.max(most, to + 1), 0)).fill(Number.NaN)
      for (const [series, to] of moved.entries())
        if (to >= 0 && 2 * series < old.length) kept.set(old.subarray(2 * series, 2 * series + 2), 2 * to)
      sent = kept
    },
  }
}

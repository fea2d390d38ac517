import type { PageWriter } from './page-writer.ts'
import type { ReportSeries } from './report-series.ts'

/** All that a target writes. */
export type TargetSeries = { readonly pages: PageWriter; readonly report: ReportSeries }

export type Departure = {
  /** The series as the last scrape left them. Unless somebody takes them over until then, they are ended. */
  readonly leave: (leaving: Leaving) => void
}

export type Leaving = TargetSeries & {
  /** When the next scrape would have been: the time of the markers. */
  readonly dueMs: number
  /** Until when somebody may come for the series. */
  readonly untilMs: number
  /** Writes the markers. */
  readonly end: (timestampMs: number) => Promise<unknown>
}

export type Departures = {
  /** A target goes: from now on its series may be taken over. */
  readonly announce: (key: string) => Departure
  /** The series of a target that has gone; undefined when there are none. Resolves when its last scrape is done. */
  readonly take: (key: string) => Promise<TargetSeries> | undefined
  /** Ends what nobody has taken, now and from now on at once. */
  readonly finish: () => Promise<void>
}

type Entry = {
  readonly series: PromiseWithResolvers<TargetSeries>
  leaving: Leaving | undefined
  taken: boolean
  timer: NodeJS.Timeout | undefined
}

/** Longer timers overflow and fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Targets that went a short time ago, by their labels. As in Prometheus their series do not end at once: a target that comes again,
 * or moves to another job or URL, goes on without a marker in between, and the markers have the time of the scrape that did not come.
 */
export function createDepartures(): Departures {
  const entries = new Map<string, Entry[]>()
  const ending = new Set<Promise<unknown>>()
  let finished = false

  function remove(key: string, entry: Entry): void {
    const left = (entries.get(key) ?? []).filter((one) => one !== entry)
    if (left.length === 0) entries.delete(key)
    else entries.set(key, left)
    clearTimeout(entry.timer)
  }

  function end(key: string, entry: Entry, { dueMs, pages, end: write }: Leaving): void {
    remove(key, entry)
    const written = write(Math.min(dueMs, Math.max(Date.now(), 0))).finally(() => {
      pages.close()
      ending.delete(written)
    })
    ending.add(written)
  }

  return {
    announce: (key) => {
      const entry: Entry = { series: Promise.withResolvers(), leaving: undefined, taken: false, timer: undefined }
      entries.set(key, [...(entries.get(key) ?? []), entry])
      return {
        leave: (leaving) => {
          entry.series.resolve(leaving)
          if (entry.taken) return
          entry.leaving = leaving
          if (finished) end(key, entry, leaving)
          else entry.timer = setTimeout(() => end(key, entry, leaving), Math.min(leaving.untilMs - Date.now(), LONGEST_TIMER_MS))
        },
      }
    },
    take: (key) => {
      const entry = entries.get(key)?.at(-1)
      if (entry === undefined) return undefined
      entry.taken = true
      remove(key, entry)
      return entry.series.promise
    },
    finish: async () => {
      finished = true
      for (const [key, list] of entries) for (const entry of list) if (entry.leaving !== undefined) end(key, entry, entry.leaving)
      await Promise.all(ending)
    },
  }
}

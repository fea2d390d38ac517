import { ByteTable, FIRST_COLUMN, hashBytes } from './byte-table.ts'

/** Columns of a text: the series it means (-1: metric_relabel_configs drop it), the page that showed it last, what followed it there. */
const SERIES = FIRST_COLUMN
const PAGE = FIRST_COLUMN + 1
/** Two columns in turn: of the last good page, and of the one being read. */
const FOLLOWER = FIRST_COLUMN + 2
const TEXT_COLUMNS = 4

/** Columns of a series: the page that showed it last, and bits. */
const SHOWN = FIRST_COLUMN
const BITS = FIRST_COLUMN + 1
const SERIES_COLUMNS = 2
/** Its end is worth a staleness marker: two bits in turn, as followers. */
const TRACKED = [1, 2] as const
const ADMITTED = 4
/** It was ended by a page that failed, and no good one has been since. */
const ENDED = 8

/** What pages that failed may have added: as in Prometheus as much again and a thousand. */
const FAILED_TEXTS = 1000

export type SeriesTable = ReturnType<typeof createSeriesTable>

/**
 * What a target has exposed, found by the bytes of a page. A text is a series as a page writes it, `name{labels}`; a series is what
 * its labels are sent as. Both are named by numbers that hold until the page ends.
 *
 * A page mostly repeats the last one in the same order, so each line is first compared with the one that stood there then:
 * its labels are neither scanned nor hashed again (2.8 M samples per CPU-second against 1.0 M when every line is scanned and hashed: test/bench/scrape-parse.ts).
 *
 * @param release takes back how many series are no longer admitted.
 */
export function createSeriesTable(release: (series: number) => void = () => undefined) {
  const texts = new ByteTable(TEXT_COLUMNS)
  const series = new ByteTable(SERIES_COLUMNS)
  let page = 0
  let goodPage = 0
  /** 0 or 1: which of two columns or bits belongs to the last good page. */
  let turn: 0 | 1 = 0
  let head = -1
  let goodTexts = 0
  let goodSeries = 0
  /** Of the page being read: its first and its latest text, how many texts and series. */
  let first = -1
  let latest = -1
  let shownTexts = 0
  let shownSeries = 0
  let expected = -1
  /** What expectedEnd has just found, so that find need not compare again. */
  let matched = -1
  let matchedAt = -1

  /** @returns where the rows of series are now. */
  function forget(keepText: (at: number) => boolean, keepSeries = (_at: number): boolean => false): Int32Array {
    const movedTexts = texts.compact(keepText)
    const place = (at: number): number => (at < 0 ? -1 : movedTexts[at / texts.stride]!)
    const used = new Uint8Array(series.count)
    for (let at = 0; at < texts.end; at += texts.stride) {
      for (const column of [FOLLOWER, FOLLOWER + 1]) texts.rows[at + column] = place(texts.rows[at + column]!)
      if (texts.rows[at + SERIES]! >= 0) used[texts.rows[at + SERIES]! / series.stride] = 1
    }
    head = place(head)
    const { rows } = series
    const moved = series.compact((at) => {
      const kept = used[at / series.stride] === 1 || (rows[at + BITS]! & (TRACKED[0] | TRACKED[1])) !== 0 || keepSeries(at)
      if (!kept && (rows[at + BITS]! & ADMITTED) !== 0) release(1)
      return kept
    })
    for (let at = 0; at < texts.end; at += texts.stride) {
      const one = texts.rows[at + SERIES]!
      if (one >= 0) texts.rows[at + SERIES] = moved[one / series.stride]!
    }
    return moved
  }

  /** Texts of the last good page: pages that failed since have marked others, too. */
  function goodChain(): Uint8Array {
    const good = new Uint8Array(texts.count)
    for (let at = head; at >= 0; at = texts.rows[at + FOLLOWER + turn]!) good[at / texts.stride] = 1
    return good
  }

  return {
    series,
    /** Starts a page of so many bytes. */
    begin(bytes: number): void {
      texts.expect(bytes)
      series.expect(bytes)
      page++
      expected = head
      matchedAt = -1
      first = -1
      latest = -1
      shownTexts = 0
      shownSeries = 0
    },
    /** The end of the text at `at` when it is the one expected there, else -1. */
    expectedEnd(body: Buffer, at: number): number {
      if (expected < 0 || !texts.standsAt(expected, body, at)) return -1
      matched = expected
      matchedAt = at
      return at + texts.length(expected)
    },
    /** The text `body[start, end)` of a sample, or -1 when it is not known; moves the expectation behind it. */
    find(body: Buffer, start: number, end: number): number {
      let text = matched
      if (start !== matchedAt || end - start !== texts.length(matched)) {
        text = texts.find(body, start, end, hashBytes(body, start, end))
        if (text < 0) return -1
      }
      const next = texts.rows[text + FOLLOWER + turn]!
      if (next >= 0) expected = next
      return text
    },
    /** Remembers a text that `find` did not know. */
    add(body: Buffer, start: number, end: number, of: number): number {
      const text = texts.add(body, start, end, hashBytes(body, start, end))
      texts.rows[text + SERIES] = of
      return text
    },
    meaning: (text: number): number => texts.rows[text + SERIES]!,
    /** Neither the last good page nor one since has shown the text. */
    isNew: (text: number): boolean => texts.rows[text + PAGE]! < goodPage,
    isShown: (text: number): boolean => texts.rows[text + PAGE] === page,
    /** Marks a text as shown by the page being read. */
    show(text: number): void {
      const { rows } = texts
      if (rows[text + PAGE] === page) return
      rows[text + PAGE] = page
      if (latest < 0) first = text
      else rows[latest + FOLLOWER + 1 - turn] = text
      latest = text
      shownTexts++
    },

    /**
     * What nearly every sample of a page needs, in one go: a text that the last good page had and this one not yet, of an admitted
     * series that is not shown yet either. Shows and tracks both (a tenth of the time of a page less than step by step).
     *
     * @returns the series, or -1 when it is anything else: nothing has changed then.
     */
    showUsual(text: number): number {
      const { rows } = texts
      const seen = rows[text + PAGE]!
      const one = rows[text + SERIES]!
      if (seen === page || seen < goodPage || one < 0) return -1
      const columns = series.rows
      const bits = columns[one + BITS]!
      if ((bits & ADMITTED) === 0 || columns[one + SHOWN] === page) return -1
      rows[text + PAGE] = page
      if (latest < 0) first = text
      else rows[latest + FOLLOWER + 1 - turn] = text
      latest = text
      shownTexts++
      columns[one + SHOWN] = page
      columns[one + BITS] = bits | (turn === 0 ? TRACKED[1] : TRACKED[0])
      shownSeries++
      return one
    },

    findSeries: (labels: Buffer): number => series.find(labels, 0, labels.length, hashBytes(labels, 0, labels.length)),
    /** @param labels from encodeSeriesLabels. */
    addSeries(labels: Buffer): number {
      const one = series.add(labels, 0, labels.length, hashBytes(labels, 0, labels.length))
      series.rows[one + BITS] = 0
      return one
    },
    isAdmitted: (one: number): boolean => (series.rows[one + BITS]! & ADMITTED) !== 0,
    admit(one: number): void {
      series.rows[one + BITS]! |= ADMITTED
    },
    /** Marks a series as shown by the page being read; false when it was already. */
    showSeries(one: number): boolean {
      if (series.rows[one + SHOWN] === page) return false
      series.rows[one + SHOWN] = page
      shownSeries++
      return true
    },
    isSeriesShown: (one: number): boolean => series.rows[one + SHOWN] === page,
    /** The page being read has a sample of the series whose end is worth a staleness marker. */
    track(one: number): void {
      series.rows[one + BITS]! |= TRACKED[1 - turn]!
    },
    /** The last good page had such a sample. */
    isTracked: (one: number): boolean => (series.rows[one + BITS]! & TRACKED[turn]) !== 0,
    isEnded: (one: number): boolean => (series.rows[one + BITS]! & ENDED) !== 0,
    /** Series that the last good page tracked and the page being read does not; all of them when none is being read. */
    forEachGone(of: (one: number) => void): void {
      const both = TRACKED[0] | TRACKED[1]
      for (let at = 0; at < series.end; at += series.stride) if ((series.rows[at + BITS]! & both) === TRACKED[turn]) of(at)
    },
    /** From now on the last good page tracks none. */
    endAll(): void {
      for (let at = 0; at < series.end; at += series.stride) {
        const bits = series.rows[at + BITS]!
        if ((bits & TRACKED[turn]) !== 0) series.rows[at + BITS] = (bits & ~TRACKED[turn]) | ENDED
      }
      goodSeries = 0
    },
    /** Series of the last good page; 0 after they have ended. */
    size: (): number => goodSeries,
    /** Series of the page being read. */
    shown: (): number => shownSeries,

    /**
     * The page was good: it is what the next one is expected to be. What it did not show is forgotten when it is more than a quarter.
     *
     * @returns where the rows of series are now, when they have moved.
     */
    commit(): Int32Array | undefined {
      let released = 0
      for (let at = 0; at < series.end; at += series.stride) {
        const bits = series.rows[at + BITS]!
        const gone = series.rows[at + SHOWN] !== page
        if (gone && (bits & ADMITTED) !== 0) released++
        series.rows[at + BITS] = gone ? 0 : bits & ~(TRACKED[turn] | ENDED)
      }
      if (released > 0) release(released)
      const grown = shownTexts > goodTexts
      if (latest >= 0) texts.rows[latest + FOLLOWER + 1 - turn] = -1
      head = first
      goodPage = page
      goodTexts = shownTexts
      goodSeries = shownSeries
      turn = turn === 0 ? 1 : 0
      if (4 * (texts.count - shownTexts) > texts.count || 4 * (series.count - shownSeries) > series.count) {
        // A series whose sample was refused goes on, or the same sample would be taken for a new one next time.
        const isSeriesShown = (at: number): boolean => series.rows[at + SHOWN] === page
        return forget((at) => texts.rows[at + PAGE] === page, isSeriesShown)
      }
      if (!grown) for (const table of [texts, series]) table.trim()
      return undefined
    },
    /** The page failed or was not accepted: the last good one stays expected. What failed pages add is bounded. @returns as commit */
    rollback(): Int32Array | undefined {
      for (let at = 0; at < series.end; at += series.stride) series.rows[at + BITS]! &= ~TRACKED[1 - turn]!
      if (texts.count <= 2 * goodTexts + FAILED_TEXTS) return undefined
      const good = goodChain()
      return forget((at) => good[at / texts.stride] === 1)
    },
    /** Forgets what texts mean (the rules have changed), but not the series, so that the same labels go on. */
    forgetTexts(): void {
      texts.clear()
      head = -1
      goodTexts = 0
    },
  }
}

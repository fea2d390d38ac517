/** One series of a target, by its final labels. */
export type TargetSeries = {
  /** From encodeSeriesLabels. */
  readonly labels: Buffer
  readonly hash: number
  /** Next series of the same hash. */
  next: TargetSeries | undefined
  /** Number of the page that showed it last. */
  page: number
  /** The last sample that was sent with an exposed time: what a page repeats is not sent again. */
  exposed: ExposedSample | undefined
}

export type ExposedSample = { readonly timestampMs: number; readonly value: number }

/** A series as a page writes it: the bytes `name{labels}` and what they mean. */
export type SeriesText = {
  /** Where the bytes stand in the table's arena. */
  start: number
  readonly length: number
  readonly hash: number
  next: SeriesText | undefined
  /** Undefined: metric_relabel_configs drop it. */
  readonly series: TargetSeries | undefined
  /** Number of the page that showed it last, and its place there. */
  page: number
  place: number
}

/** FNV-1a over bytes, 32 bits, signed: V8 keeps such numbers without a box. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash
}

const SLAB_BYTES = 16 * 1024

export type SeriesTable = ReturnType<typeof createSeriesTable>

/**
 * What a target has exposed, found by the bytes of a page.
 *
 * A page mostly repeats the last one in the same order, so each line is first compared with the one that stood there then:
 * its labels are neither scanned nor hashed again (2.5 M samples per CPU-second against 1.0 M when every line is scanned and hashed: test/bench/scrape-parse.ts).
 */
export function createSeriesTable() {
  let arena = Buffer.allocUnsafeSlow(0)
  let arenaUsed = 0
  let slab = Buffer.allocUnsafeSlow(0)
  let slabUsed = 0
  let texts = new Map<number, SeriesText>()
  let textCount = 0
  let series = new Map<number, TargetSeries>()
  /** The texts of the last good page and of the one being read, in their order. */
  let order: SeriesText[] = []
  let reading: SeriesText[] = []
  let expected = 0
  /** What expectedEnd has just found, so that find need not compare again. */
  let matched: SeriesText | undefined
  let matchedAt = -1
  let page = 0

  const sameText = (text: SeriesText, body: Buffer, at: number): boolean =>
    at + text.length <= body.length && body.compare(arena, text.start, text.start + text.length, at, at + text.length) === 0

  /** Labels of many series share their memory: a buffer of its own costs a series more than its labels. */
  function keepLabels(labels: Buffer): Buffer {
    if (labels.length > slab.length - slabUsed) {
      slab = Buffer.allocUnsafeSlow(Math.max(labels.length, SLAB_BYTES))
      slabUsed = 0
    }
    const kept = slab.subarray(slabUsed, slabUsed + labels.length)
    kept.set(labels)
    slabUsed += labels.length
    return kept
  }

  function store(body: Buffer, start: number, end: number): number {
    const length = end - start
    if (arenaUsed + length > arena.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(2 * arena.length, arenaUsed + length, 4096))
      arena.copy(grown, 0, 0, arenaUsed)
      arena = grown
    }
    body.copy(arena, arenaUsed, start, end)
    arenaUsed += length
    return arenaUsed - length
  }

  /** Keeps only `kept`: their texts move together, what else was known is forgotten. */
  function rebuild(kept: readonly SeriesText[]): void {
    const old = arena
    arena = Buffer.allocUnsafeSlow(kept.reduce((sum, text) => sum + text.length, 0))
    arenaUsed = 0
    texts = new Map()
    series = new Map()
    textCount = kept.length
    for (const text of kept) {
      text.start = store(old, text.start, text.start + text.length)
      text.next = texts.get(text.hash)
      texts.set(text.hash, text)
      if (text.series !== undefined) keepSeries(text.series)
    }
  }

  function keepSeries(one: TargetSeries): void {
    for (let other = series.get(one.hash); other !== undefined; other = other.next) if (other === one) return
    one.next = series.get(one.hash)
    series.set(one.hash, one)
  }

  return {
    /** Starts a page; returns its number. */
    begin(): number {
      reading.length = 0
      expected = 0
      matchedAt = -1
      return ++page
    },
    /** The end of the text at `at` when it is the one expected there, else -1. */
    expectedEnd(body: Buffer, at: number): number {
      const text = order[expected]
      if (text === undefined || !sameText(text, body, at)) return -1
      matched = text
      matchedAt = at
      return at + text.length
    },
    /** The text `body[start, end)` of a sample when it is known; moves the expectation behind it. */
    find(body: Buffer, start: number, end: number): SeriesText | undefined {
      let text = start === matchedAt && end - start === matched?.length ? matched : undefined
      if (text === undefined) {
        text = texts.get(hashBytes(body, start, end))
        while (text !== undefined && (text.length !== end - start || !sameText(text, body, start))) text = text.next
        if (text === undefined) return undefined
      }
      if (order[text.place] === text) expected = text.place + 1
      return text
    },
    /** Remembers a text that `find` did not know. */
    add(body: Buffer, start: number, end: number, of: TargetSeries | undefined): SeriesText {
      const hash = hashBytes(body, start, end)
      const text: SeriesText = {
        start: store(body, start, end),
        length: end - start,
        hash,
        next: texts.get(hash),
        series: of,
        page: 0,
        place: -1,
      }
      texts.set(hash, text)
      textCount++
      return text
    },
    /** The series of these encoded labels, made when it is new. Two texts may mean one series. */
    series(labels: Buffer): TargetSeries {
      const hash = hashBytes(labels, 0, labels.length)
      for (let one = series.get(hash); one !== undefined; one = one.next) if (one.labels.equals(labels)) return one
      const one: TargetSeries = { labels: keepLabels(labels), hash, next: series.get(hash), page: 0, exposed: undefined }
      series.set(hash, one)
      return one
    },
    /** Marks a text as shown by the page being read; false when it was already. */
    mark(text: SeriesText): boolean {
      if (text.page === page) return false
      text.page = page
      reading.push(text)
      return true
    },
    /** The page was good: it is what the next one is expected to be, and what it did not show is forgotten. */
    commit(): void {
      ;[order, reading] = [reading, order]
      for (let place = 0; place < order.length; place++) order[place]!.place = place
      if (textCount > order.length || arena.length > 1.25 * arenaUsed) rebuild(order)
    },
    /** The page failed: the last good one stays expected. What failed pages add is bounded. */
    rollback(): void {
      if (textCount > 2 * order.length + 1000) rebuild(order)
    },
    /** Forgets what texts mean (the rules have changed), but not the series, so that the same labels go on. */
    forgetTexts(): void {
      texts = new Map()
      textCount = 0
      arenaUsed = 0
      order = []
    },
  }
}

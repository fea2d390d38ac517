/** One line of a page: a series of the model, its value, an exposed time or none. */
export type ModelSample = { readonly series: string; readonly value: number; readonly exposedMs: number | undefined }
/** 0 is no limit. */
export type ModelRules = {
  readonly drop: string
  readonly sampleLimit: number
  readonly seriesLimit: number
  readonly track: boolean
  readonly honor: boolean
}

type Counts = { kept: number; added: number; leftOut: number; counted: number }

/**
 * Only for tests: what the pages of a target are to become, with sets of texts, as Prometheus' scrape loop does it: what is cached, what
 * counts for sample_limit, which series get staleness markers. Each text is a series of its own.
 */
export function createPageModel() {
  /** What the last good page or one since has shown. */
  let cached = new Set<string>()
  let tracked = new Set<string>()
  /** By a page that failed since the last good one, and when. */
  let ended = new Set<string>()
  let endedMs = Number.NaN
  let admitted = new Set<string>()
  /** Time of the last good page. */
  let goodMs = Number.NaN
  /** Last samples of series that had exposed times. */
  let lastSent = new Map<string, { readonly at: number; readonly value: number }>()

  function markersOf(series: Iterable<string>, at: number): string[] {
    return [...series].flatMap((one) => {
      const last = lastSent.get(one)
      if (last !== undefined && last.at >= at) return []
      if (last !== undefined) lastSent.set(one, { at, value: Number.NaN })
      return [`${one} stale ${at}`]
    })
  }

  function endAll(at: number): string[] {
    const sent = markersOf(tracked, at)
    if (tracked.size > 0) [ended, endedMs] = [tracked, at]
    tracked = new Set()
    return sent
  }

  /** What becomes of a sample whose series is admitted. */
  function send({ series, value }: ModelSample, time: number | undefined, at: number): 'sent' | 'same' | 'refused' {
    const last = lastSent.get(series)
    if (time === undefined) {
      if (last !== undefined && last.at >= at) return 'refused'
      if (last !== undefined) lastSent.set(series, { at, value })
      return 'sent'
    }
    if (last === undefined && tracked.has(series) && time <= goodMs) return 'refused'
    if (last === undefined && ended.has(series) && time <= endedMs) return 'refused'
    if (last !== undefined && time === last.at && value === last.value) return 'same'
    if (last !== undefined && time <= last.at) return 'refused'
    lastSent.set(series, { at: time, value })
    return 'sent'
  }

  return {
    isCached: (series: string): boolean => cached.has(series),
    /** Other rules: nothing is cached under them. */
    forget: (): void => {
      cached = new Set()
    },
    /** @param broken whether its last line does not parse. */
    page(samples: readonly ModelSample[], broken: boolean, rules: ModelRules, at: number) {
      const counts: Counts = { kept: 0, added: 0, leftOut: 0, counted: 0 }
      if (samples.length === 0 && !broken) return { ok: true, sent: endAll(at), ...counts }
      const [shown, seen, tracking] = [new Set<string>(), new Set<string>(), new Set<string>()]
      const before = new Map(lastSent)
      const sent: string[] = []
      for (const sample of samples) {
        const { series, value } = sample
        if (series === rules.drop) continue
        counts.kept++
        const time = rules.honor ? sample.exposedMs : undefined
        if (time === undefined && shown.has(series)) continue
        if (++counts.counted > rules.sampleLimit && rules.sampleLimit > 0) continue
        if (!admitted.has(series) && admitted.size >= rules.seriesLimit && rules.seriesLimit > 0) {
          counts.leftOut++
          continue
        }
        admitted.add(series)
        seen.add(series)
        const isNew = !cached.has(series) && !shown.has(series)
        const outcome = send(sample, time, at)
        if (outcome === 'sent') sent.push(`${series} ${value} ${time ?? at}`)
        if (outcome !== 'refused' && (time === undefined || rules.track)) tracking.add(series)
        if (outcome === 'refused' && isNew) continue
        if (isNew) counts.added++
        shown.add(series)
      }
      if (broken || (rules.sampleLimit > 0 && counts.counted > rules.sampleLimit)) {
        lastSent = before
        for (const series of shown) cached.add(series)
        return { ok: false, sent: endAll(at), ...counts }
      }
      const gone = [...tracked].filter((series) => !tracking.has(series))
      sent.push(...markersOf(gone, at))
      for (const series of gone) if (seen.has(series)) lastSent.set(series, { at, value: Number.NaN })
      tracked = tracking
      ended = new Set()
      cached = shown
      goodMs = at
      admitted = new Set([...admitted].filter((series) => seen.has(series)))
      return { ok: true, sent, ...counts }
    },
  }
}

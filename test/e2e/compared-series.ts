import { samplesIn } from './stores.ts'

/** The labels of a series as text, without those that only one side can have. */
const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'cluster')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

/** What a selector finds now: a series that has ended is not there. Values as the server writes them. */
export async function currentSeries(server: string, selector: string): Promise<readonly string[]> {
  const answer = await fetch(`${server}/api/v1/query`, { method: 'POST', body: new URLSearchParams({ query: selector }) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${selector}: ${answer.status} ${text}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape of an instant query
  const { data } = JSON.parse(text) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
  return data.result.map(({ metric, value }) => `${keyOf(metric)} ${value[1]}`).toSorted()
}

/** Values of each series of a selector over its life, repeats of one value left out: scrapes of the two sides differ in number. */
export async function changesOf(server: string, selector: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const series = await samplesIn(server, selector)
  return Object.fromEntries(
    series
      .map(({ labels, samples }) => {
        const values = samples.map(([, value]) => String(value))
        return [keyOf(labels), values.filter((value, index) => value !== values[index - 1])] as const
      })
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/**
 * What tells one target's reports from another's in the keys of `changesOf`, of targets that a busy machine kept from answering in time: on one
 * side only, so that nothing is compared of them.
 */
export async function targetsOutOfTime(server: string, timeoutSeconds: number): Promise<readonly string[]> {
  const durations = await changesOf(server, 'scrape_duration_seconds')
  return Object.entries(durations)
    .filter(([, values]) => values.some((value) => Number(value) >= timeoutSeconds))
    .map(([key]) => key.replace('["__name__","scrape_duration_seconds"],', ''))
}

/** Exemplars of a selector in the last hour: labels of the series, the exemplar's own, its value and, where it was exposed, its time. */
export async function exemplarsOf(server: string, selector: string, exposedMs: number): Promise<readonly string[]> {
  const now = Date.now() / 1000
  const range = { query: selector, start: String(now - 3600), end: String(now + 60) }
  const answer = await fetch(`${server}/api/v1/query_exemplars?${new URLSearchParams(range).toString()}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape of a query of exemplars
  const { data } = (await answer.json()) as { data: ExemplarSeries[] }
  return data
    .flatMap(({ seriesLabels, exemplars }) =>
      exemplars.map(({ labels, value, timestamp }) => {
        const isExposed = Math.abs(timestamp * 1000 - exposedMs) < 1
        return `${keyOf(seriesLabels)} ${keyOf(labels)} ${value} ${isExposed ? 'as exposed' : 'at the scrape'}`
      }),
    )
    .toSorted()
}

type ExemplarSeries = {
  readonly seriesLabels: Record<string, string>
  readonly exemplars: readonly { readonly labels: Record<string, string>; readonly value: string; readonly timestamp: number }[]
}

export type TargetsAnswer = {
  readonly data: {
    readonly activeTargets: readonly Record<string, unknown>[]
    readonly droppedTargets: readonly Record<string, unknown>[]
    readonly droppedTargetCounts: Record<string, number>
  }
}

/** What `/api/v1/targets` says, without times. Errors are each one's own words: that there is one is compared. */
export async function targetsOf(server: string): Promise<unknown> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is what is compared
  const { data } = (await (await fetch(`${server}/api/v1/targets`)).json()) as TargetsAnswer
  const active = data.activeTargets.map(({ lastScrape: _at, lastScrapeDuration: _for, lastError, ...rest }) => ({
    ...rest,
    hasError: lastError !== '',
  }))
  const byPlace = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  return {
    active: active.map(sortedKeys).toSorted(byPlace),
    dropped: data.droppedTargets.map(sortedKeys).toSorted(byPlace),
    counts: data.droppedTargetCounts,
  }
}

/** Type, help and unit of every family of every target. */
export async function metadataOf(server: string): Promise<readonly string[]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is what is compared
  const { data } = (await (await fetch(`${server}/api/v1/targets/metadata`)).json()) as { data: Record<string, unknown>[] }
  return data.map((one) => JSON.stringify(sortedKeys(one))).toSorted()
}

/** Labels by which relabelling in Prometheus chooses how native histograms are scraped: remote write 1.0 has none. */
const NATIVE_HISTOGRAMS: ReadonlySet<string> = new Set([
  '__scrape_native_histograms__',
  '__always_scrape_classic_histograms__',
  '__convert_classic_histograms_to_nhcb__',
])

function sortedKeys(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sorted = Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    sorted
      .filter(([key]) => !NATIVE_HISTOGRAMS.has(key))
      .map(([key, value]) => [key, typeof value === 'object' && value !== null ? sortedKeys({ ...value }) : value]),
  )
}

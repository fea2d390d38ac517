/** Raw samples of every series that a selector finds, oldest first. */
export type StoredSeries = {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly (readonly [timestampMs: number, value: number])[]
}

/** Everything Prometheus has of a selector in the hour before `endMs`, default now. */
export async function samplesIn(prometheus: string, selector: string, endMs = Date.now()): Promise<readonly StoredSeries[]> {
  const parameters = { query: `${selector}[1h]`, time: String(endMs / 1000) }
  const answer = await getJson(`${prometheus}/api/v1/query?${new URLSearchParams(parameters).toString()}`)
  return answer.data.result.map(({ metric, values }: { metric: Record<string, string>; values: [number, string][] }) => ({
    labels: metric,
    samples: values.map(([seconds, value]) => [Math.round(seconds * 1000), Number(value)] as const),
  }))
}

export type StoredLine = { readonly labels: Readonly<Record<string, string>>; readonly line: string; readonly timestampNs: bigint }

/** Every line Loki has of a selector, page by page. Lines are told apart by stream, time and text. */
export async function linesIn(loki: string, selector: string): Promise<readonly StoredLine[]> {
  const end = BigInt(Date.now() + 60_000) * 1_000_000n
  const lines: StoredLine[] = []
  for (let start = BigInt(Date.now() - 3_600_000) * 1_000_000n; ;) {
    const parameters = { query: selector, start: String(start), end: String(end), limit: '5000', direction: 'forward' }
    const answer = await getJson(`${loki}/loki/api/v1/query_range?${new URLSearchParams(parameters).toString()}`)
    const page: StoredLine[] = answer.data.result.flatMap(
      ({ stream, values }: { stream: Record<string, string>; values: [string, string][] }) =>
        values.map(([timestampNs, line]) => ({ labels: stream, line, timestampNs: BigInt(timestampNs) })),
    )
    const newest = page.reduce((most, { timestampNs }) => (timestampNs > most ? timestampNs : most), 0n)
    const known = new Set(lines.filter(({ timestampNs }) => timestampNs >= start).map(({ line, labels }) => JSON.stringify([labels, line])))
    const fresh = page.filter(({ line, labels }) => !known.has(JSON.stringify([labels, line])))
    lines.push(...fresh)
    if (page.length < 5000 || fresh.length === 0) return lines
    start = newest
  }
}

export type Document = { readonly id: string; readonly source: Readonly<Record<string, unknown>> }

/** Every document of an index or data stream that a query finds, page by page. */
export async function documentsIn(elasticsearch: string, index: string, query: object = { match_all: {} }): Promise<readonly Document[]> {
  await fetch(`${elasticsearch}/${index}/_refresh`, { method: 'POST' })
  const documents: Document[] = []
  let after: unknown
  for (;;) {
    const response = await fetch(`${elasticsearch}/${index}/_search?ignore_unavailable=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ size: 5000, query, sort: IN_TIME, ...(after === undefined ? {} : { search_after: after }) }),
    })
    if (response.status === 404) return documents
    const answer = await json(response)
    const hits: { _id: string; _source: Record<string, unknown>; sort: unknown }[] = answer.hits?.hits ?? []
    documents.push(...hits.map(({ _id, _source }) => ({ id: _id, source: _source })))
    if (hits.length === 0) return documents
    after = hits.at(-1)?.sort
  }
}

/** Times as text: nanoseconds are more than a number of JavaScript holds, and a page would begin where the last one did. */
const IN_TIME = [{ '@timestamp': { order: 'asc', format: 'strict_date_optional_time_nanos' } }, '_doc']

const getJson = async (url: string) => json(await fetch(url))

// oxlint-disable-next-line typescript/no-explicit-any -- answers of three different stores, picked apart by their callers
async function json(response: Response): Promise<any> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text.slice(0, 500)}`)
  return JSON.parse(text)
}

/** What the page reads; docs/api.md describes each answer. */

export type HopState = { readonly ready: boolean; readonly reasons: readonly string[] }

/** Running totals since the process started. The page makes rates of two looks. */
export type Flow = {
  readonly timestampMs: number
  readonly cluster: string
  readonly version: string
  readonly hops: readonly Hop[]
}

export type Hop = HopState & {
  readonly name: string
  readonly metrics: number
  readonly logs: number
  readonly errors: number
  /** Messages that are produced and not yet committed; only the bus and what reads from it. */
  readonly lag?: number
  readonly note?: string
}

export type Point = readonly [timestampMs: number, value: number]
export type Series = { readonly labels: Readonly<Record<string, string>>; readonly points: readonly Point[] }
export type Line = { readonly timestampMs: number; readonly labels: Readonly<Record<string, string>>; readonly line: string }

async function get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
  const response = await fetch(`${path}?${new URLSearchParams(parameters).toString()}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server of this very page wrote it
  return (await response.json()) as T
}

export const getFlow = (): Promise<Flow> => get('/api/flow', {})

export const getRange = (parameters: {
  readonly name: string
  readonly fn: 'last' | 'rate'
  readonly by: string
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  readonly match?: string
}): Promise<{ readonly series: readonly Series[] }> =>
  get('/api/range', {
    name: parameters.name,
    fn: parameters.fn,
    by: parameters.by,
    from: String(parameters.fromMs),
    to: String(parameters.toMs),
    step: String(parameters.stepMs),
    ...(parameters.match === undefined ? {} : { match: parameters.match }),
  })

export const getLogs = (text: string, limit: number): Promise<{ readonly lines: readonly Line[] }> =>
  get('/api/logs', { text, limit: String(limit) })

/** What the page reads; docs/api.md describes each answer. */

/** Running totals since the process started. The page makes rates of several looks. */
export type Flow = {
  readonly timestampMs: number
  /** When the service started; another value than before means that its totals began anew. */
  readonly startedMs: number
  readonly cluster: string
  readonly version: string
  /** Whether there is a store here to read from. */
  readonly embedded: boolean
  /** How often this machine is read; 0 when it is not. */
  readonly hostIntervalMs: number
  readonly hops: readonly Hop[]
}

export type Hop = {
  readonly name: string
  readonly storage: boolean
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly metrics: number
  readonly logs: number
  readonly errors: number
  /** What is counted as an error here. */
  readonly errorsAre: string
  /** Messages that are produced and not yet committed; only the bus and what reads from it. */
  readonly lag?: number
  readonly note?: string
}

export type Point = readonly [timestampMs: number, value: number]
export type Series = { readonly labels: Readonly<Record<string, string>>; readonly points: readonly Point[] }
export type Line = {
  readonly timestampMs: number
  readonly labels: Readonly<Record<string, string>>
  readonly line: string
  /** Names the line; two lines never have the same. */
  readonly cursor: string
}

export type RangeParameters = {
  readonly name: string
  readonly fn: 'last' | 'rate'
  readonly by: string
  readonly from: number
  readonly to: number
  readonly step: number
  readonly window: number
}

export const getFlow = (signal: AbortSignal): Promise<Flow> => get('/api/flow', {}, signal)

export async function getRange(parameters: RangeParameters, signal: AbortSignal): Promise<readonly Series[]> {
  const answer: { readonly series: readonly Series[] } = await get('/api/range', parameters, signal)
  return answer.series
}

/** The newest lines with this text in them, newest first. */
export async function getLogs(text: string, limit: number, signal: AbortSignal): Promise<readonly Line[]> {
  const answer: { readonly lines: readonly Line[] } = await get('/api/logs', { text, limit }, signal)
  return answer.lines
}

async function get<T>(path: string, parameters: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<T> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]))
  const response = await fetch(`${path}?${query.toString()}`, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the server of this very page wrote it
  return (await response.json()) as T
}

const ANSWER_WITHIN_MS = 20_000

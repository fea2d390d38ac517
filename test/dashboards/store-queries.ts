/** One series of an answer, or one stream of log lines. */
export type Series = {
  readonly labels: ReadonlyMap<string, string>
  /** Numbers in the order of time, those that are none (`NaN`) left out; of a log the lines, newest first. */
  readonly values: readonly (number | string)[]
}

export type Span = { readonly from: Date; readonly to: Date; readonly stepSeconds: number }

type Store = { readonly url: string; readonly signal?: AbortSignal }

/** A query that a store refused, with what it said. */
export class RefusedQuery extends Error {
  override readonly name = 'RefusedQuery'
}

/** Values of a label on series that the selector finds in that time; /api/v1/label/…/values of Prometheus. */
export const prometheusLabelValues = (store: Store, label: string, selector: string, span: Span): Promise<readonly string[]> =>
  labelValues(store, `/api/v1/label/${label}/values`, { 'match[]': selector, start: seconds(span.from), end: seconds(span.to) })

/** The same of streams; /loki/api/v1/label/…/values. An empty selector means all. */
export const lokiLabelValues = (store: Store, label: string, selector: string, span: Span): Promise<readonly string[]> =>
  labelValues(store, `/loki/api/v1/label/${label}/values`, {
    ...(selector !== '' && { query: selector }),
    start: nanoseconds(span.from),
    end: nanoseconds(span.to),
  })

export const prometheusNow = (store: Store, query: string, span: Span): Promise<readonly Series[]> =>
  series(store, '/api/v1/query', { query, time: seconds(span.to) })

export const prometheusOverTime = (store: Store, query: string, span: Span): Promise<readonly Series[]> =>
  series(store, '/api/v1/query_range', {
    query,
    start: seconds(span.from),
    end: seconds(span.to),
    step: String(span.stepSeconds),
  })

/** A number made of lines, for each set of labels. */
export const lokiNow = (store: Store, query: string, span: Span): Promise<readonly Series[]> =>
  series(store, '/loki/api/v1/query', { query, time: nanoseconds(span.to) })

/** Lines, newest first and at most `limit`, or numbers made of lines. */
export const lokiOverTime = (store: Store, query: string, span: Span, limit: number): Promise<readonly Series[]> =>
  series(store, '/loki/api/v1/query_range', {
    query,
    start: nanoseconds(span.from),
    end: nanoseconds(span.to),
    step: String(span.stepSeconds),
    limit: String(limit),
    direction: 'backward',
  })

async function labelValues(store: Store, path: string, parameters: Readonly<Record<string, string>>): Promise<readonly string[]> {
  // Loki leaves `data` out when there is none.
  const { data = [] }: { data?: readonly string[] } = JSON.parse(await ask(store, path, parameters))
  return data
}

type Answer = {
  readonly data: {
    readonly result: readonly {
      /** Of numbers; of log lines it is `stream`. */
      readonly metric?: Readonly<Record<string, string>>
      readonly stream?: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number | string, string])[]
    }[]
  }
}

async function series(store: Store, path: string, parameters: Readonly<Record<string, string>>): Promise<readonly Series[]> {
  const { data }: Answer = JSON.parse(await ask(store, path, parameters))
  return data.result.map(({ metric, stream, value, values = value === undefined ? [] : [value] }) => ({
    labels: new Map(Object.entries(stream ?? metric ?? {})),
    values: values.map(([, text]) => (stream === undefined ? Number(text) : text)).filter((found) => !Number.isNaN(found)),
  }))
}

/** @throws RefusedQuery on any answer but 200, as on a query that cannot be parsed. */
async function ask({ url, signal }: Store, path: string, parameters: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`, signal === undefined ? {} : { signal })
  const text = await answer.text()
  if (answer.status !== 200) throw new RefusedQuery(`${path} ${parameters['query'] ?? ''}: ${answer.status} ${text.slice(0, 500)}`)
  return text
}

const seconds = (time: Date): string => String(time.getTime() / 1000)
const nanoseconds = (time: Date): string => `${time.getTime()}000000`

import type { LabelMap } from '@clymene/model'

export type TargetUrl = {
  /** `scheme://address`. */
  readonly origin: string
  /** Path and query, escaped. */
  readonly path: string
}

/** The URL of a target from its labels; `__param_<name>` replaces the first value of the job's parameter. */
export function targetUrl(labels: LabelMap, params: ReadonlyMap<string, readonly string[]>): TargetUrl {
  const query = new Map([...params].map(([name, values]) => [name, [...values]]))
  for (const [label, value] of labels) {
    if (!label.startsWith(PARAM)) continue
    const name = label.slice(PARAM.length)
    query.set(name, [value, ...(query.get(name) ?? []).slice(1)])
  }
  const pairs = [...query]
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .flatMap(([name, values]) => values.map((value) => `${escapeQuery(name)}=${escapeQuery(value)}`))
  const path = escapePath(labels.get('__metrics_path__') ?? '')
  return {
    origin: `${labels.get('__scheme__') ?? ''}://${labels.get('__address__') ?? ''}`,
    path: (path.startsWith('/') ? path : `/${path}`) + (pairs.length === 0 ? '' : `?${pairs.join('&')}`),
  }
}

const PARAM = '__param_'

/** The path is text, not yet escaped: a `?` or `%` in it is meant literally, as Go's url.URL takes it. */
const escapePath = (path: string): string =>
  encodeURIComponent(path)
    .replaceAll(/%(?:2F|3A|40|24|26|2B|2C|3B|3D)/g, decodeURIComponent)
    .replaceAll(/[!'()*]/g, escapeChar)

const escapeQuery = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, escapeChar)

/** What encodeURIComponent leaves and Go's url package does not. */
const escapeChar = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

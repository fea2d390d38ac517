import type { Variable } from './board-files.ts'

export type LabelValues = { readonly source: 'prometheus' | 'loki'; readonly label: string; readonly selector: string }

/** What a `query` variable asks for; undefined for variables of another type. @throws Error when it is no query for values of a label. */
export function labelValuesOf({ type, name, datasource, query }: Variable): LabelValues | undefined {
  if (type !== 'query') return undefined
  if (datasource?.type === 'loki' && typeof query === 'object') {
    return { source: 'loki', label: query.label ?? '', selector: query.stream ?? '' }
  }
  const text = typeof query === 'object' ? query.query : query
  const [, selector, label] = /^label_values\((.+), *(\w+)\)$/.exec(text ?? '') ?? []
  if (datasource?.type !== 'prometheus' || selector === undefined || label === undefined) {
    throw new Error(`variable ${name}: ${JSON.stringify(query)} is no label_values(series, label)`)
  }
  return { source: 'prometheus', label, selector }
}

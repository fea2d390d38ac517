import { seriesKey } from '../e2e/exposed.ts'

/** `name{a="b",c="d"}` of a series, `{a="b"}` of a stream, labels sorted: the same for what was sent and for what a store tells. */
export function seriesText(labels: Iterable<readonly [name: string, value: string]>): string {
  const pairs = [...labels]
  const [, name = ''] = pairs.find(([label]) => label === '__name__') ?? []
  return seriesKey(
    name,
    pairs.filter(([label]) => label !== '__name__'),
  )
}

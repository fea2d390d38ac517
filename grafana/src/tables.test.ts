import { expect, test } from 'vitest'

import { type Column, table } from './tables.ts'

const prometheus = (name: string): Column => ({ name, unit: 'short', expression: `sum by (cluster) (${name})` })
const loki = (name: string): Column => ({ ...prometheus(name), source: 'loki' })

const built = (labels: readonly string[], columns: readonly Column[]) => {
  const { datasource, targets, transformations, fieldConfig } = table({
    id: 1,
    title: 'Table',
    description: 'A table.',
    width: 1,
    height: 1,
    labels,
    columns,
    sortBy: 'a',
    links: { cluster: { title: 'There', url: '/d/there' } },
  }).build()
  return {
    source: datasource?.uid,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- queries of the two data sources
    queries: (targets ?? []).map((target) => target as { format?: string; instant?: boolean; queryType?: string }),
    joined: (transformations ?? []).map(({ id }) => id),
    renamed: transformations?.at(-1)?.options.renameByName,
    overridden: fieldConfig?.overrides.map(({ matcher }) => matcher.options),
  }
}

test('columns of Prometheus are rows of one time: they merge, and are called by the letter of their query', () => {
  const { source, queries, joined, renamed, overridden } = built(['cluster', 'pod'], [prometheus('a'), prometheus('b')])
  expect(source).toBe('${datasource}')
  expect(queries.map(({ format, instant }) => [format, instant])).toEqual([
    ['table', true],
    ['table', true],
  ])
  expect(joined).toEqual(['merge', 'organize'])
  expect(renamed).toEqual({ 'Value #A': 'a', 'Value #B': 'b' })
  expect(overridden).toEqual(['a', 'b', 'cluster'])
})

test('a single column of Prometheus is called Value, one of Loki has its letter', () => {
  expect(built(['cluster'], [prometheus('a')]).renamed).toEqual({ 'Value #A': 'a', Value: 'a' })
  const ofLoki = built(['cluster'], [loki('a')])
  expect(ofLoki.renamed).toEqual({ 'Value #A': 'a' })
  expect([ofLoki.source, ofLoki.queries[0]?.queryType]).toEqual(['${loki_datasource}', 'instant'])
})

test('columns of both stores are joined by the label of their rows, without their times', () => {
  const { source, joined } = built(['cluster'], [prometheus('a'), prometheus('b'), loki('c')])
  expect([source, joined]).toEqual(['-- Mixed --', ['filterFieldsByName', 'joinByField', 'organize']])
})

test('of both stores and by two labels is refused', () => {
  expect(() => built(['cluster', 'pod'], [prometheus('a'), loki('b')])).toThrow('a table of two sources has one label, not cluster, pod')
})

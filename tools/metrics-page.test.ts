import { describe, expect, test } from 'vitest'

import { metricsPage, readMetrics } from './metrics-page.ts'

const sources = (...texts: readonly string[]) => texts.map((text, index) => ({ file: `${index}.ts`, text }))

test('metrics of all sources, by name', () => {
  const read = readMetrics(
    sources("m.gauge('clymene_b_bytes', 'B')\nm.counter('clymene_a_total', 'A', ['x'])", "m.gauge('clymene_a_lag', 'L')"),
  )
  expect(read).toEqual([
    { name: 'clymene_a_lag', type: 'gauge', help: 'L', labels: [] },
    { name: 'clymene_a_total', type: 'counter', help: 'A', labels: ['x'] },
    { name: 'clymene_b_bytes', type: 'gauge', help: 'B', labels: [] },
  ])
})

test('the same metric in two places is one', () => {
  const call = "m.counter('clymene_a_total', 'A', ['x', 'y'])"
  expect(readMetrics(sources(call, call.replace("'x', 'y'", "'y', 'x'")))).toHaveLength(1)
})

test('a part of a name that the run knows stands for all it can be', () => {
  const source = "const name = (rest: string): string => `clymene_${component}_${rest}`\nm.gauge(name('bytes'), 'B')"
  expect(readMetrics(sources(source)).map(({ name }) => name)).toEqual(['clymene_buffer_bytes', 'clymene_bus_bytes'])
})

describe('refused', () => {
  test.each<[name: string, text: string, mistake: string]>([
    ['a name of something else', "m.gauge('go_bytes', 'B')", '0.ts:1: go_bytes: expected clymene_'],
    ['a name in capitals', "m.gauge('clymene_Bytes', 'B')", '0.ts:1: clymene_Bytes: expected clymene_'],
    [
      'a name with a part that nobody knows',
      "const n = (r: string): string => `clymene_${what}_${r}`\nm.gauge(n('a'), 'B')",
      '0.ts:2: clymene_<what>_a: expected',
    ],
    ['a counter without _total', "m.counter('clymene_a', 'B')", '0.ts:1: clymene_a: a counter ends with _total'],
    ['a gauge with _total', "m.gauge('clymene_a_total', 'B')", '0.ts:1: clymene_a_total: a counter ends with _total'],
    ['no help', "m.gauge('clymene_a', ' ')", '0.ts:1: clymene_a: expected a help text'],
    ['another help elsewhere', "m.gauge('clymene_a', 'B')\nm.gauge('clymene_a', 'C')", '0.ts:2: clymene_a: differs from 0.ts:1'],
    ['other labels elsewhere', "m.gauge('clymene_a', 'B', ['x'])\nm.gauge('clymene_a', 'B')", '0.ts:2: clymene_a: differs from 0.ts:1'],
    ['another type elsewhere', "m.gauge('clymene_a', 'B')\nm.histogram('clymene_a', 'B')", '0.ts:2: clymene_a: differs from 0.ts:1'],
  ])('%s', (_name, text, mistake) => {
    expect(() => readMetrics(sources(text))).toThrow(mistake)
  })

  test('all at once', () => {
    expect(() => readMetrics(sources("m.gauge('a', 'B')", "m.counter('clymene_b', '')"))).toThrow(
      /^0\.ts:1: a: .*\n1\.ts:1: clymene_b: a counter .*\n1\.ts:1: clymene_b: expected a help/,
    )
  })
})

test('a page has a table for each component', () => {
  const page = metricsPage(readMetrics(sources("m.counter('clymene_a_x_total', 'A | B', ['l'])", "m.gauge('clymene_b_y', 'C')")))
  expect(page).toContain(
    '## a\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n| `clymene_a_x_total` | counter | `l` | A \\| B |',
  )
  expect(page).toContain('## b\n')
})

import { describe, expect, test } from 'vitest'

import { metricCalls } from './metric-calls.ts'

const read = (source: string) => metricCalls('a.ts', source).map(({ type, name, help, labels }) => [type, name, help, labels])

describe('a call is read', () => {
  test.each<[name: string, source: string, expected: readonly unknown[]]>([
    ['name and help', "metrics.counter('clymene_a_total', 'Help')", ['counter', 'clymene_a_total', 'Help', []]],
    ['labels', "metrics.gauge('clymene_a', 'Help', ['x', 'y'])", ['gauge', 'clymene_a', 'Help', ['x', 'y']]],
    [
      'no labels before what else there is',
      "metrics.gauge('clymene_a', 'Help', [], (g) => g.set(1, ')'))",
      ['gauge', 'clymene_a', 'Help', []],
    ],
    ['buckets', "metrics.histogram('clymene_a', 'Help', ['x'], [1, 10_000])", ['histogram', 'clymene_a', 'Help', ['x']]],
    [
      'lines and a comma at the end',
      "metrics\n  .counter(\n    'clymene_a_total',\n    'Help',\n    ['x',],\n  )",
      ['counter', 'clymene_a_total', 'Help', ['x']],
    ],
    ['another receiver', "options.own.metrics.counter('clymene_a_total', 'Help')", ['counter', 'clymene_a_total', 'Help', []]],
    [
      'a help with brackets, commas and quotes',
      `metrics.counter('clymene_a_total', "it's (a, b], \\"c\\"")`,
      ['counter', 'clymene_a_total', 'it\'s (a, b], "c"', []],
    ],
    ['a help in parts', "metrics.counter('clymene_a_total', 'one + ' +\n 'two')", ['counter', 'clymene_a_total', 'one + two', []]],
    ['a template without parts', 'metrics.counter(`clymene_a_total`, `Help`)', ['counter', 'clymene_a_total', 'Help', []]],
    [
      'a name by a function of the file',
      "const name = (rest: string): string => `clymene_${part}_${rest}`\nmetrics.gauge(name('bytes'), 'Help')",
      ['gauge', 'clymene_<part>_bytes', 'Help', []],
    ],
    [
      'comments among the arguments',
      "metrics.counter('clymene_a_total', /* ) */ 'Help', // '\n ['x'])",
      ['counter', 'clymene_a_total', 'Help', ['x']],
    ],
    [
      'a quote in a regular expression before',
      "const q = /['\"]/\nmetrics.counter('clymene_a_total', 'Help')",
      ['counter', 'clymene_a_total', 'Help', []],
    ],
    [
      'an address in a text before',
      "const u = 'http://x'; metrics.counter('clymene_a_total', 'Help')",
      ['counter', 'clymene_a_total', 'Help', []],
    ],
  ])('%s', (_name, source, expected) => {
    expect(read(source)).toEqual([expected])
  })
})

test('with its line', () => {
  expect(metricCalls('a.ts', "\n\n  metrics.counter('clymene_a_total', 'Help')")[0]).toMatchObject({ file: 'a.ts', line: 3 })
})

test.each([
  ["a user's metric, of a stage", "stageMetrics.counter(definition)\nstageMetrics.gauge({ name: 'x', help: 'y' })"],
  ['a comment', "// metrics.counter('clymene_a_total', 'Help')\n/* metrics.gauge('clymene_b', 'x') */"],
  ['a method of another name', "metrics.counters('clymene_a_total', 'Help')"],
  ['a declaration', 'readonly counter: (name: string) => void'],
  ['nothing', ''],
])('%s is no call', (_name, source) => {
  expect(read(source)).toEqual([])
})

describe('what cannot be read is an error, not a metric that is missing', () => {
  test.each([
    ['a name in a variable', "metrics.counter(name, 'Help')"],
    ['a name with a part that is not known', "metrics.counter(`clymene_${part}_total`, 'Help')"],
    ['a name by an unknown function', "metrics.counter(name('a'), 'Help')"],
    ['no help', "metrics.counter('clymene_a_total')"],
    ['a help in a variable', "metrics.counter('clymene_a_total', HELP)"],
    ['labels in a variable', "metrics.counter('clymene_a_total', 'Help', LABELS)"],
    ['a label in a variable', "metrics.counter('clymene_a_total', 'Help', [label])"],
    ['nothing at all', 'metrics.counter()'],
    ['a call that does not end', "metrics.counter('clymene_a_total'"],
  ])('%s', (_name, source) => {
    expect(() => read(source)).toThrow('a.ts:1: expected a metric of literals')
  })
})

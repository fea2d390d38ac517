import type { Labels } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { entryOf, pipelineOf } from '../run-stages.test-kit.ts'
import type { StageMetrics } from '../stage-metrics.ts'

/** Notes what is recorded, as text. */
function recording(): { readonly metrics: StageMetrics; readonly records: string[] } {
  const records: string[] = []
  const record = (name: string, verb: string) => (labels: Labels, value: number) =>
    void records.push(`${name} ${verb} ${value} ${labels.map((label) => label.join('=')).join()}`)
  return {
    records,
    metrics: {
      counter: ({ name }) => ({ add: record(name, 'add') }),
      gauge: ({ name }) => ({ add: record(name, 'add'), set: record(name, 'set') }),
      histogram: ({ name, buckets }) => ({ observe: record(`${name}[${buckets.join()}]`, 'observe') }),
    },
  }
}

describe('metrics', () => {
  const line = '{"n":2.5,"t":"x","d":"1m0.5s","b":true,"neg":-1,"o":{}}'
  const cases: readonly [metrics: object, records: readonly string[]][] = [
    [{ n: { type: 'Counter', config: { action: 'inc' } } }, ['promtail_custom_n add 1 job=j']],
    [{ n: { type: 'counter', config: { action: 'add' } } }, ['promtail_custom_n add 2.5 job=j']],
    [{ n: { type: 'counter', prefix: 'own_', config: { action: 'inc' } } }, ['own_n add 1 job=j']],
    [{ hits: { type: 'counter', source: 't', config: { action: 'inc', value: 'x' } } }, ['promtail_custom_hits add 1 job=j']],
    [{ hits: { type: 'counter', source: 't', config: { action: 'inc', value: 'y' } } }, []],
    [{ none: { type: 'counter', config: { action: 'inc' } } }, []],
    [{ neg: { type: 'counter', config: { action: 'add' } } }, []],
    [{ t: { type: 'counter', config: { action: 'add' } } }, []],
    [{ lines: { type: 'counter', config: { action: 'inc', match_all: true } } }, ['promtail_custom_lines add 1 job=j']],
    [
      { bytes: { type: 'counter', config: { action: 'add', match_all: true, count_entry_bytes: true } } },
      [`promtail_custom_bytes add ${line.length} job=j`],
    ],
    [{ n: { type: 'gauge', config: { action: 'set' } } }, ['promtail_custom_n set 2.5 job=j']],
    [{ n: { type: 'gauge', config: { action: 'add' } } }, ['promtail_custom_n add 2.5 job=j']],
    [{ n: { type: 'gauge', config: { action: 'sub' } } }, ['promtail_custom_n add -2.5 job=j']],
    [{ t: { type: 'gauge', config: { action: 'inc' } } }, ['promtail_custom_t add 1 job=j']],
    [{ t: { type: 'gauge', config: { action: 'dec' } } }, ['promtail_custom_t add -1 job=j']],
    [{ b: { type: 'gauge', config: { action: 'set' } } }, ['promtail_custom_b set 1 job=j']],
    [{ d: { type: 'gauge', config: { action: 'set' } } }, ['promtail_custom_d set 60.5 job=j']],
    [{ n: { type: 'histogram', config: { buckets: [1, 5] } } }, ['promtail_custom_n[1,5] observe 2.5 job=j']],
    [{ n: { type: 'histogram', config: { value: '2.5', buckets: [1, Infinity] } } }, ['promtail_custom_n[1] observe 2.5 job=j']],
    [{ n: { type: 'Histogram' } }, ['promtail_custom_n[0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10] observe 2.5 job=j']],
    [{ o: { type: 'histogram' } }, []],
  ]
  test.each(cases)('%j', (options, expected) => {
    const { metrics, records } = recording()
    const expressions = Object.fromEntries(['n', 't', 'd', 'b', 'o', 'neg'].map((name) => [name, null]))
    const pipeline = pipelineOf([{ json: { expressions } }, { metrics: options }], { metrics })
    expect(pipeline.push(entryOf(line)).map((entry) => entry.line)).toEqual([line])
    expect(records).toEqual(expected)
  })
})

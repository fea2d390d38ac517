import type { Labels } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { describe, expect, test } from 'vitest'

import { NO_LIMITS, type ScrapeLimits } from './job.ts'
import { type SampleLabelRules, sampleLabels } from './sample-labels.ts'

type Case = {
  readonly name: string
  readonly exposed: Record<string, string>
  readonly target?: Labels
  readonly external?: Labels
  readonly honorLabels?: boolean
  readonly rules?: readonly object[]
  readonly labels: Record<string, string> | undefined
}

const rulesOf = (
  { target = [], external = [], honorLabels = false, rules = [] }: Partial<Case>,
  limits: Partial<ScrapeLimits> = {},
): SampleLabelRules => ({
  target,
  external,
  honorLabels,
  metricRelabel: compileRelabel(parseRelabelConfigs(rules, 'rules')),
  limits: { ...NO_LIMITS, ...limits },
})

const a = { __name__: 'a' }

describe('sampleLabels', () => {
  const cases: Case[] = [
    { name: 'target labels are added', exposed: { ...a, x: '1' }, target: [['job', 'j']], labels: { ...a, job: 'j', x: '1' } },
    {
      name: 'an exposed label of the same name is exported',
      exposed: { ...a, job: 'x' },
      target: [['job', 'j']],
      labels: { ...a, job: 'j', exported_job: 'x' },
    },
    {
      name: 'also when the values agree',
      exposed: { ...a, job: 'j' },
      target: [['job', 'j']],
      labels: { ...a, job: 'j', exported_job: 'j' },
    },
    {
      name: 'exported twice when that name is taken',
      exposed: { ...a, job: 'x', exported_job: 'y' },
      target: [['job', 'j']],
      labels: { ...a, job: 'j', exported_job: 'y', exported_exported_job: 'x' },
    },
    {
      name: 'shorter names are exported first',
      exposed: { ...a, job: 'x', exported_job: 'y' },
      target: [
        ['exported_job', 'e'],
        ['job', 'j'],
      ],
      labels: { ...a, job: 'j', exported_job: 'e', exported_exported_job: 'x', exported_exported_exported_job: 'y' },
    },
    { name: 'an empty exposed label is none', exposed: { ...a, job: '', x: '' }, target: [['job', 'j']], labels: { ...a, job: 'j' } },
    {
      name: 'honor_labels: the exposed label wins',
      exposed: { ...a, job: 'x' },
      target: [['job', 'j']],
      honorLabels: true,
      labels: { ...a, job: 'x' },
    },
    { name: 'honor_labels: an empty one too', exposed: { ...a, job: '' }, target: [['job', 'j']], honorLabels: true, labels: a },
    { name: 'honor_labels: the rest is added', exposed: a, target: [['job', 'j']], honorLabels: true, labels: { ...a, job: 'j' } },
    { name: 'external labels are added', exposed: a, external: [['cluster', 'c']], labels: { ...a, cluster: 'c' } },
    {
      name: 'a target label goes before an external one',
      exposed: a,
      target: [['cluster', 't']],
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 't' },
    },
    {
      name: 'an exposed label goes before an external one',
      exposed: { ...a, zone: 'x' },
      external: [['zone', 'z']],
      labels: { ...a, zone: 'x' },
    },
    {
      name: 'but not cluster',
      exposed: { ...a, cluster: 'x' },
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 'c', exported_cluster: 'x' },
    },
    {
      name: 'the same cluster is not exported',
      exposed: { ...a, cluster: 'c' },
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 'c' },
    },
    {
      name: 'cluster as a target label',
      exposed: { ...a, cluster: 'x' },
      target: [['cluster', 't']],
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 't', exported_cluster: 'x' },
    },
    {
      name: 'the same cluster as the target label is not exported, whatever the external label is',
      exposed: { ...a, cluster: 't' },
      target: [['cluster', 't']],
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 't' },
    },
    {
      name: 'the external cluster is exported where the target has another',
      exposed: { ...a, cluster: 'c' },
      target: [['cluster', 't']],
      external: [['cluster', 'c']],
      labels: { ...a, cluster: 't', exported_cluster: 'c' },
    },
    {
      name: 'honor_labels keeps an exposed cluster',
      exposed: { ...a, cluster: 'x' },
      external: [['cluster', 'c']],
      honorLabels: true,
      labels: { ...a, cluster: 'x' },
    },
    { name: 'no cluster known: the exposed one stays', exposed: { ...a, cluster: 'x' }, labels: { ...a, cluster: 'x' } },
    {
      name: 'metric_relabel_configs see target labels, not external ones',
      exposed: a,
      target: [['job', 'j']],
      external: [['cluster', 'c']],
      rules: [{ source_labels: ['job', 'cluster'], target_label: 'seen' }],
      labels: { ...a, job: 'j', cluster: 'c', seen: 'j;' },
    },
    {
      name: 'what metric_relabel_configs set goes before external labels',
      exposed: a,
      external: [['cluster', 'c']],
      rules: [{ target_label: 'cluster', replacement: 'r' }],
      labels: { ...a, cluster: 'r' },
    },
    {
      name: 'a dropped cluster comes back from the external labels',
      exposed: a,
      target: [['cluster', 't']],
      external: [['cluster', 'c']],
      rules: [{ action: 'labeldrop', regex: 'cluster' }],
      labels: { ...a, cluster: 'c' },
    },
    {
      name: 'metric_relabel_configs drop the series',
      exposed: a,
      rules: [{ action: 'drop', source_labels: ['__name__'], regex: 'a' }],
      labels: undefined,
    },
    {
      name: 'no label left drops it too',
      exposed: a,
      external: [['cluster', 'c']],
      rules: [{ action: 'labeldrop', regex: '.*' }],
      labels: undefined,
    },
  ]
  test.each(cases)('$name', ({ exposed, labels, ...rules }) => {
    const result = sampleLabels(new Map(Object.entries(exposed)), rulesOf(rules))
    expect(result === undefined ? undefined : Object.fromEntries(result)).toEqual(labels)
    expect(result?.map(([name]) => name)).toEqual(result?.map(([name]) => name).toSorted())
  })

  const failures: [string, Partial<ScrapeLimits>, Record<string, string>, string | undefined][] = [
    ['2 labels of 2', { labels: 2 }, { ...a, b: '1' }, undefined],
    ['3 labels of 2', { labels: 2 }, { ...a, b: '1', c: '2' }, 'label_limit exceeded (metric "a" has 3 labels, limit 2)'],
    ['a name of 8 bytes of 8', { labelNameLength: 8 }, { ...a, b: '1' }, undefined],
    [
      'a name of 8 bytes of 7',
      { labelNameLength: 7 },
      a,
      'label_name_length_limit exceeded (metric "a", label name "__name__" of 8 bytes, limit 7)',
    ],
    ['a value of 2 bytes of 2', { labelValueLength: 2 }, { ...a, b: 'é' }, undefined],
    [
      'a value of 2 bytes of 1',
      { labelValueLength: 1 },
      { ...a, b: 'é' },
      'label_value_length_limit exceeded (metric "a", label "b": value "é" of 2 bytes, limit 1)',
    ],
  ]
  test.each(failures)('limits: %s', (_, limits, exposed, message) => {
    const call = (): unknown => sampleLabels(new Map(Object.entries(exposed)), rulesOf({}, limits))
    if (message === undefined) expect(call).not.toThrow()
    else expect(call).toThrow(message)
  })

  test('external labels do not count for label_limit', () => {
    expect(() => sampleLabels(new Map(Object.entries(a)), rulesOf({ external: [['cluster', 'c']] }, { labels: 1 }))).not.toThrow()
  })

  test('a series that loses its name fails the scrape', () => {
    const rules = rulesOf({ rules: [{ action: 'labeldrop', regex: '__name__' }] })
    expect(() =>
      sampleLabels(
        new Map([
          ['__name__', 'a'],
          ['b', 'c'],
        ]),
        rules,
      ),
    ).toThrow('leave a series without __name__')
  })
})

describe('metric_name_validation_scheme: legacy', () => {
  const legacy = { ...rulesOf({}), nameValidation: 'legacy' as const }
  const labelsOf = (exposed: Readonly<Record<string, string>>) => sampleLabels(new Map(Object.entries(exposed)), legacy)

  test.each([
    { __name__: 'a:b_1', c_2: 'ü' },
    { __name__: '_', _: 'x' },
  ])('takes %j', (exposed) => {
    expect(Object.fromEntries(labelsOf(exposed) ?? [])).toEqual(exposed)
  })

  test.each([
    [{ __name__: 'a.b' }, 'metric name "a.b": expected letters, digits and _ (metric_name_validation_scheme is legacy)'],
    [{ __name__: '1a' }, 'metric name "1a": expected'],
    [{ __name__: 'a', 'b.c': '1' }, 'metric "a", label name "b.c": expected'],
    [{ __name__: 'a', 'b:c': '1' }, 'metric "a", label name "b:c": expected'],
  ])('fails at %j', (exposed, message) => {
    expect(() => labelsOf(exposed)).toThrow(message)
  })
})

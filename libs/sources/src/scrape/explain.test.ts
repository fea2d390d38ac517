import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { describe, expect, test } from 'vitest'

import { explainSeries, explainTarget } from './explain.ts'
import { testJob } from './job.test-kit.ts'
import { NO_LIMITS, type ScrapeJob } from './job.ts'

type Rules = readonly object[]

function jobWith(rules: Rules, metricRules: Rules, overrides: Partial<ScrapeJob> = {}): ScrapeJob {
  const relabelRules = parseRelabelConfigs(rules, 'rules')
  const metricRelabelRules = parseRelabelConfigs(metricRules, 'rules')
  const compiled = { relabel: compileRelabel(relabelRules), metricRelabel: compileRelabel(metricRelabelRules) }
  return testJob({ relabelRules, metricRelabelRules, ...compiled, ...overrides })
}

describe('a target', () => {
  const rules = [
    { source_labels: ['__meta_app'], target_label: 'app' },
    { source_labels: ['app'], regex: 'shop', action: 'keep' },
  ]
  const explained = (labels: Readonly<Record<string, string>>) => explainTarget(jobWith(rules, []), new Map(Object.entries(labels)))

  test('is what the rules make of it', () => {
    const { discovered, relabelling, target, reason } = explained({ __address__: 'a:1', __meta_app: 'shop' })
    expect([discovered.get('job'), discovered.get('__scheme__')]).toEqual(['j', 'http'])
    expect(relabelling.map(({ index, dropped }) => [index, dropped])).toEqual([
      [0, false],
      [1, false],
    ])
    expect(target).toMatchObject({
      labels: [
        ['app', 'shop'],
        ['instance', 'a:1'],
        ['job', 'j'],
      ],
      url: { origin: 'http://a:1' },
    })
    expect(reason).toBeUndefined()
  })

  test('is dropped by a rule', () => {
    const { relabelling, target, reason } = explained({ __address__: 'a:1', __meta_app: 'db' })
    expect([relabelling.at(-1)?.index, relabelling.at(-1)?.dropped, target, reason]).toEqual([1, true, undefined, undefined])
  })

  test('is dropped for what is wrong with it', () => {
    const { target, reason } = explained({ __address__: 'a/b', __meta_app: 'shop' })
    expect([target, reason]).toEqual([undefined, 'address "a/b": expected host:port without "/"'])
  })
})

describe('a series', () => {
  const target = [['instance', 'a:1'] as const, ['job', 'j'] as const]
  const explained = (labels: Readonly<Record<string, string>>, rules: Rules = [], overrides: Partial<ScrapeJob> = {}) =>
    explainSeries(jobWith([], rules, overrides), target, [['cluster', 'c']], new Map(Object.entries({ __name__: 'm', ...labels })))

  test('gets labels of the target and of the agent', () => {
    expect(explained({ job: 'x' })).toEqual({
      merged: [
        ['__name__', 'm'],
        ['exported_job', 'x'],
        ['instance', 'a:1'],
        ['job', 'j'],
      ],
      relabelling: [],
      labels: [
        ['__name__', 'm'],
        ['cluster', 'c'],
        ['exported_job', 'x'],
        ['instance', 'a:1'],
        ['job', 'j'],
      ],
    })
    expect(explained({ job: 'x' }, [], { honorLabels: true }).merged).toEqual([
      ['__name__', 'm'],
      ['instance', 'a:1'],
      ['job', 'x'],
    ])
  })

  test('is dropped by a rule, which sees the labels of the target', () => {
    const { relabelling, labels, reason } = explained({}, [{ source_labels: ['job'], regex: 'j', action: 'drop' }])
    expect([relabelling.at(-1)?.dropped, labels, reason]).toEqual([true, undefined, undefined])
  })

  test('breaks a limit, or loses its name', () => {
    expect(explained({ a: 'x' }, [], { limits: { ...NO_LIMITS, labels: 3 } }).reason).toMatch(/^label_limit exceeded/)
    expect(explained({}, [{ regex: '__name__', action: 'labeldrop' }]).reason).toMatch(
      /^metric_relabel_configs leave a series without __name__/,
    )
  })
})

import { parseRelabelConfigs, compileRelabel } from '@clymene/relabel'
import { NO_LIMITS } from '@clymene/sources'
import { describe, expect, test } from 'vitest'

import { browse, makeJob, makeTarget, makeView } from '../pages/view.test-kit.ts'
import { candidatesOf, explainMatching, type ExplainQuery } from './explain-matching.ts'

const metricRelabelRules = parseRelabelConfigs(
  [
    { source_labels: ['__name__'], regex: 'go_.*', action: 'drop' },
    { regex: 'pod_uid', action: 'labeldrop' },
  ],
  'rules',
)
const shop = makeJob(
  'shop',
  [
    { source_labels: ['__meta_app'], target_label: 'app' },
    { source_labels: ['__meta_app'], regex: 'shop', action: 'keep' },
  ],
  { metricRelabelRules, metricRelabel: compileRelabel(metricRelabelRules), limits: { ...NO_LIMITS, labels: 8, samples: 100 } },
)
const view = makeView({
  jobs: [shop, makeJob('node')],
  active: [
    makeTarget(
      'shop',
      { app: 'shop', instance: 'a:80' },
      {
        url: 'http://a:80/metrics',
        health: 'down',
        lastError: 'refused by http://u:abcd@x',
        discovered: new Map([
          ['__address__', 'a:80'],
          ['__meta_app', 'shop'],
          ['__meta_pod', 'shop-1'],
        ]),
      },
    ),
    makeTarget('node', { instance: 'n:9100' }),
  ],
  dropped: [
    { job: 'shop', discovered: { __address__: 'b:80', __meta_app: 'db' } },
    { job: 'node', discovered: { __address__: 'x/y' }, reason: 'address' },
  ],
})

const ask = (query: Partial<ExplainQuery>) =>
  explainMatching(candidatesOf(view), { target: '', job: '', series: '', ...query }, { streams: 4, shards: 2 })
const told = (query: Partial<ExplainQuery>): readonly string[] =>
  ask(query).explanations.flatMap(({ steps }) =>
    steps.map(({ stage, rule, note, changes, dropped }) =>
      [stage, rule, note, ...(changes ?? []), dropped === true ? 'DROPPED' : undefined].filter((part) => part !== undefined).join(' | '),
    ),
  )

describe('every step', () => {
  test('of a target that is scraped', () => {
    expect(told({ target: 'a:80' })).toEqual([
      'discovered',
      'relabel_configs[0] | {source_labels: [__meta_app], target_label: app, action: replace} | + app="shop"',
      'relabel_configs[1] | {source_labels: [__meta_app], regex: shop, action: keep}',
      'target | http://a:80/metrics every 15s, at most 10s',
      'limits | sample_limit 100, label_limit 8',
      'last scrape | down at 2023-11-14T22:13:20.000Z, 25 ms: refused by http://<secret>@x',
      expect.stringMatching(/^delivery \| stream [0-3] of 4, by shard [01] of 2$/),
    ])
  })

  test('of one that a rule drops', () => {
    const { passes, verdict, url } = ask({ target: 'b:80' }).explanations[0]!
    expect([passes, url]).toEqual([false, undefined])
    expect(verdict).toBe('the target is dropped by relabel_configs[1] {source_labels: [__meta_app], regex: shop, action: keep}')
    expect(told({ target: 'b:80' }).at(-1)).toBe('relabel_configs[1] | {source_labels: [__meta_app], regex: shop, action: keep} | DROPPED')
  })

  test('of one that cannot be scraped', () => {
    expect(told({ target: 'x/y' }).at(-1)).toBe('target | address "x/y": expected host:port without "/" | DROPPED')
  })

  test('of a series that is sent', () => {
    const { passes, verdict, steps } = ask({ target: 'a:80', series: '{__name__="up",app="other",pod_uid="7"}' }).explanations[0]!
    expect([passes, verdict]).toEqual([true, 'the series is sent'])
    expect(told({ target: 'a:80', series: 'up{app="other",pod_uid="7"}' }).slice(6, -1)).toEqual([
      'exposed',
      'honor_labels: false | ~ app="other" → "shop" | + exported_app="other" | + instance="a:80" | + job="shop"',
      "metric_relabel_configs[0] | {source_labels: [__name__], regex: 'go_.*', action: drop}",
      'metric_relabel_configs[1] | {regex: pod_uid, action: labeldrop} | - pod_uid="7"',
      'external_labels | + cluster="c"',
    ])
    expect(steps.at(-1)?.labels).toEqual([
      ['__name__', 'up'],
      ['app', 'shop'],
      ['cluster', 'c'],
      ['exported_app', 'other'],
      ['instance', 'a:80'],
      ['job', 'shop'],
    ])
  })

  test.each([
    ['go_info', "the series is dropped by metric_relabel_configs[0] {source_labels: [__name__], regex: 'go_.*', action: drop}"],
    [
      'up{b="1",c="1",d="1",e="1",f="1"}',
      'with this series every scrape of the target fails: label_limit exceeded (metric "up" has 9 labels, limit 8)',
    ],
  ])('%s does not pass: %s', (series, verdict) => {
    const [explanation] = ask({ target: 'a:80', series }).explanations
    expect([explanation?.passes, explanation?.verdict, explanation?.steps.at(-1)?.dropped]).toEqual([false, verdict, true])
  })
})

describe('what is asked for', () => {
  test.each([
    [{ target: 'http://a:80/metrics' }, 1],
    [{ target: 'shop-1' }, 1],
    [{ target: 'shop' }, 1],
    [{ target: 'shop', job: 'node' }, 0],
    [{ job: 'node' }, 2],
    [{ target: 'a' }, 0],
  ])('%j finds %d', (query, found) => expect(ask(query).found).toBe(found))

  test.each([
    [{ target: 'q:1' }, 'none of the 4 discovered targets has the URL or a label value "q:1"'],
    [{ target: 'q:1', job: 'shop' }, 'none of the 2 discovered targets of job "shop" has the URL or a label value "q:1"'],
    [{ job: 'other' }, 'nothing was discovered of job "other"'],
  ])('%j: %s', (query, hint) => expect(ask(query).hint).toBe(hint))

  test.each([
    [{}, ['target: expected a URL, an address or the value of a label; or a job']],
    [{ target: 'a', series: '{a="b"}' }, ['series: expected a name, as in up{a="b"} or {__name__="up",a="b"}']],
    [
      { target: 'a', series: 'up{a!="b",c=~"d"}' },
      ['series: a!=…: expected =, one series is meant', 'series: c=~…: expected =, one series is meant'],
    ],
    [{ target: 'a', series: 'up{a="b",a="c"}' }, ['series: the label "a" comes twice']],
    [{ series: 'up{' }, ['target: expected a URL', 'series: "up{": expected a selector']],
  ])('%j is wrong', (query, mistakes) => {
    for (const mistake of mistakes) expect(() => ask(query)).toThrow(mistake)
  })

  test('many are counted, and twenty explained', () => {
    const many = makeView({
      jobs: [makeJob('m')],
      active: Array.from({ length: 50 }, (_, index) => makeTarget('m', { instance: `h${index}` })),
    })
    const { found, explanations } = explainMatching(candidatesOf(many), { target: '', job: 'm', series: '' }, { streams: 1, shards: 1 })
    expect([found, explanations.length]).toEqual([50, 20])
  })
})

test('it is served', async () => {
  const { getJson, get } = browse(view)
  expect(await getJson('/api/explain?target=a%3A80&series=up')).toMatchObject({
    status: 'success',
    data: { found: 1, explanations: [{ passes: true }] },
  })
  expect(await get('/api/explain')).toMatchObject({ status: 400, body: expect.stringContaining('"errorType":"bad_data"') })
})

test('an agent of several says that it knows its own targets only', async () => {
  const { getJson } = browse({ ...view, shard: { index: 1, count: 3 } })
  expect(await getJson('/api/explain?target=q')).toMatchObject({
    data: { hint: expect.stringMatching(/; this is agent 1 of 3, the targets of the others/) },
  })
})

test('what is secret is neither told nor found', () => {
  const job = makeJob('j', [{ target_label: '__param_token', replacement: 'abcd1234' }])
  const discovered = new Map([
    ['__address__', 'a:1'],
    ['__meta_url', 'http://u:abcd1234@sd'],
  ])
  const secretive = makeView({
    jobs: [job],
    active: [makeTarget('j', { instance: 'a:1' }, { discovered, url: 'http://a:1/?token=abcd1234' })],
  })
  const answer = explainMatching(candidatesOf(secretive), { target: '', job: 'j', series: 'up' }, { streams: 1, shards: 1 })
  expect(answer.found).toBe(1)
  expect(JSON.stringify(answer)).not.toContain('abcd1234')
  for (const target of ['abcd1234', 'http://u:abcd1234@sd', 'http://a:1/?token=abcd1234'])
    expect(explainMatching(candidatesOf(secretive), { target, job: '', series: '' }, { streams: 1, shards: 1 }).found).toBe(0)
})

import type { Labels } from '@clymene/model'
import { parseRelabelConfigs, compileRelabel } from '@clymene/relabel'
import { NO_LIMITS, type ScrapeTarget, type SeriesStanding } from '@clymene/sources'
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

  test('of a series of a target whose last scrape failed', () => {
    const { passes, verdict, steps } = ask({ target: 'a:80', series: '{__name__="up",app="other",pod_uid="7"}' }).explanations[0]!
    expect([passes, verdict]).toEqual([false, 'nothing of this target is sent: refused by http://<secret>@x'])
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

describe('what becomes of a series that the rules let pass', () => {
  const series = (leftOut: number, sends: boolean, limits = { target: 2000, job: 0, used: 2000 }) => ({
    series: limits.used,
    limit: limits.target,
    leftOut,
    job: { series: limits.used, limit: limits.job, leftOut },
    sends: () => sends,
  })
  const asked: (string | Labels)[] = []
  const explained = (standing: SeriesStanding | undefined, target: Partial<ScrapeTarget> = {}) => {
    const one = makeTarget('node', { instance: 'n:9100' }, target)
    const seriesOf = (job: string, url: string, labels: Labels): SeriesStanding | undefined => {
      asked.push(job, url, labels)
      return standing && { ...standing, sends: (of) => standing.sends(of) && asked.push(of) > 0 }
    }
    const of = makeView({ jobs: [makeJob('node')], active: [one], seriesOf })
    return explainMatching(candidatesOf(of), { target: '', job: 'node', series: 'a' }, { streams: 1, shards: 1 }).explanations[0]
  }
  const full = 'the series is not among those that are sent: over --scrape.series-limit-per-'

  test.each<[standing: SeriesStanding | undefined, target: Partial<ScrapeTarget>, passes: boolean, verdict: string]>([
    [series(0, true), {}, true, 'the series is sent'],
    [series(3000, true), {}, true, 'the series is sent'],
    [series(3000, false), {}, false, `${full}target=2000, 3,000 of this target are left out, the newest`],
    [series(5, false, { target: 2000, job: 70, used: 9 }), {}, false, `${full}job=70, 5 of this target are left out, the newest`],
    [series(5, false, { target: 9, job: 70, used: 9 }), {}, false, `${full}target=9, 5 of this target are left out, the newest`],
    [series(5, false, { target: 2000, job: 0, used: 9 }), {}, false, `${full}target=2000, 5 of this target are left out, the newest`],
    [series(0, false), {}, true, 'the series would be sent: the last page does not have it'],
    [undefined, {}, true, 'the series is sent'],
    [series(0, false), { health: 'unknown', lastScrapeMs: 0 }, true, 'the series would be sent: the target was not scraped yet'],
    [
      series(0, true),
      { health: 'down', lastError: 'sample_limit exceeded (7 samples, limit 5)' },
      false,
      'nothing of this target is sent: sample_limit exceeded (7 samples, limit 5)',
    ],
  ])('%j, %j: %j %s', (standing, target, passes, verdict) => {
    const explanation = explained(standing, target)
    expect([explanation?.passes, explanation?.verdict]).toEqual([passes, verdict])
    expect([explanation?.steps.at(-1)?.stage, explanation?.steps.at(-1)?.dropped]).toEqual(
      passes ? ['sent', undefined] : ['not sent', true],
    )
  })

  test('the table is asked for it as it is sent, and the limits are told', () => {
    asked.splice(0)
    const { steps = [] } = explained(series(3000, true, { target: 2000, job: 70, used: 9 })) ?? {}
    expect(asked).toContainEqual([
      ['__name__', 'a'],
      ['cluster', 'c'],
      ['instance', 'n:9100'],
      ['job', 'node'],
    ])
    expect(asked.slice(0, 2)).toEqual(['node', 'http://n:9100/metrics'])
    expect(steps.find(({ stage }) => stage === 'limits')?.note).toBe(
      'the job has none, --scrape.series-limit-per-target 2000, --scrape.series-limit-per-job 70, 3,000 series left out',
    )
  })
})

test('a target whose last scrape failed does not pass', () => {
  const { passes, verdict } = ask({ target: 'a:80' }).explanations[0]!
  expect([passes, verdict]).toEqual([false, 'nothing of this target is sent: refused by http://<secret>@x'])
})

test('an external label under the name of a secret is hidden, one of the target with the same name is not', () => {
  const job = makeJob('j', [], { honorLabels: true })
  const candidate = {
    job,
    externalLabels: [
      ['password', 'abcd1234'],
      ['region', 'eu'],
    ] as const,
    found: new Map([['__address__', 'a:1']]),
  }
  const of = (series: string) => explainMatching([candidate], { target: '', job: 'j', series }, { streams: 1, shards: 1 })
  expect(JSON.stringify(of('up'))).not.toContain('abcd1234')
  expect(of('up').explanations[0]?.steps.at(-2)?.changes).toEqual(['+ password="<secret>"', '+ region="eu"'])
  expect(of('up').explanations[0]?.steps.at(-1)?.labels).toContainEqual(['password', '<secret>'])
  expect(of('up{password="x"}').explanations[0]?.steps.at(-1)?.labels).toContainEqual(['password', 'x'])
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
    data: { found: 1, explanations: [{ passes: false }] },
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

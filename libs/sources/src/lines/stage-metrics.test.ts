import { createMetrics, silentLogger } from '@clymene/runtime'
import { createPipeline, createLabelSet, Extracted, parseStages, type StageConfig } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { createDroppedLines } from './dropped-lines.ts'
import { createStageMetrics } from './stage-metrics.ts'

const MINUTE = 60_000

function start(options: { readonly maxSeries?: number } = {}) {
  const errors: unknown[] = []
  const clock = { ms: 0 }
  const metrics = createMetrics()
  const stageMetrics = createStageMetrics({
    metrics,
    logger: { ...silentLogger, error: (_message, fields) => void errors.push(fields) },
    now: () => clock.ms,
    ...options,
  })
  /** Lines of the page about one metric, without its HELP. */
  const page = async (name: string): Promise<readonly string[]> => {
    const text = await metrics.registry.metrics()
    return text.split('\n').filter((line) => line.startsWith(name) || line.startsWith(`# TYPE ${name} `))
  }
  return { clock, errors, metrics, stageMetrics, page }
}

const definition = (name: string) => ({ name, help: 'Help', maxIdleMs: MINUTE })

describe('createStageMetrics', () => {
  test('a counter', async () => {
    const { stageMetrics, page } = start()
    const { add } = stageMetrics.counter(definition('own'))
    add([['job', 'a"b']], 1)
    add([['job', 'a"b']], 1.5)
    add([], 4)
    // Every file declares it again.
    stageMetrics.counter(definition('own')).add([], 1)
    expect(await page('own')).toEqual(['# TYPE own counter', 'own{job="a\\"b"} 2.5', 'own 5'])
  })

  test('a gauge', async () => {
    const { stageMetrics, page } = start()
    const { add, set } = stageMetrics.gauge(definition('g'))
    set(
      [
        ['__tenant_id__', 't'],
        ['a', 'x'],
      ],
      7,
    )
    add([['a', 'x']], -2)
    expect(await page('g')).toEqual(['# TYPE g gauge', 'g{a="x"} 5'])
  })

  test('a histogram', async () => {
    const { stageMetrics, page } = start()
    const { observe } = stageMetrics.histogram({ ...definition('h'), buckets: [1, 5] })
    for (const value of [0.5, 1, 3, 10]) observe([['__proto__', 'x']], value)
    expect(await page('h')).toEqual([
      '# TYPE h histogram',
      'h_bucket{le="1"} 2',
      'h_bucket{le="5"} 3',
      'h_bucket{le="+Inf"} 4',
      'h_sum 14.5',
      'h_count 4',
    ])
  })

  test('a series that is not touched goes away', async () => {
    const { clock, stageMetrics, page } = start()
    const { add } = stageMetrics.counter(definition('own'))
    const labels = [['a', 'x']] as const
    add(labels, 1)
    add([['a', 'y']], 1)
    clock.ms = MINUTE
    add(labels, 1)
    clock.ms = MINUTE + 1
    expect(await page('own')).toEqual(['# TYPE own counter', 'own{a="x"} 2'])
    clock.ms = 10 * MINUTE
    expect(await page('own')).toEqual(['# TYPE own counter'])
    add(labels, 1)
    expect(await page('own')).toEqual(['# TYPE own counter', 'own{a="x"} 1'])
  })

  test('series are bounded, and what comes beyond is counted', async () => {
    const { clock, stageMetrics, page } = start({ maxSeries: 2 })
    const { add } = stageMetrics.counter(definition('own'))
    const { set } = stageMetrics.gauge(definition('g'))
    add([['a', '1']], 1)
    set([], 1)
    add([['a', '2']], 1)
    add([['a', '1']], 1)
    expect(await page('own')).toEqual(['# TYPE own counter', 'own{a="1"} 2'])
    expect(await page('clymene_agent_stage_series')).toEqual([
      'clymene_agent_stage_series_refused_total 1',
      '# TYPE clymene_agent_stage_series gauge',
      'clymene_agent_stage_series 2',
    ])
    // The room of an idle one is there for others.
    clock.ms = 2 * MINUTE
    add([['a', '2']], 1)
    expect(await page('own')).toEqual(['# TYPE own counter', 'own{a="2"} 1'])
  })

  test('of two metrics of a name the first counts, and an error says so', async () => {
    const { errors, stageMetrics, page } = start()
    stageMetrics.counter(definition('m')).add([], 1)
    stageMetrics.gauge(definition('m')).set([], 9)
    stageMetrics.histogram({ ...definition('m'), buckets: [1] }).observe([], 9)
    stageMetrics.counter(definition('clymene_agent_stage_series')).add([], 9)
    expect(await page('m')).toEqual(['# TYPE m counter', 'm 1'])
    expect(errors).toEqual([
      { metric: 'm', error: 'it is a counter already, and cannot be a gauge' },
      { metric: 'm', error: 'it is a counter already, and cannot be a histogram of 1' },
      { metric: 'clymene_agent_stage_series', error: expect.stringContaining('already been registered') as unknown },
    ])
  })

  describe('after a reload', () => {
    const labels = createLabelSet([['app', 'x']])
    const HISTOGRAM = { type: 'Histogram', description: 'Old', source: 'm', prefix: 'p_', config: { buckets: [1, 2] } }
    const stagesOf = (config: object) => parseStages([{ regex: { expression: '(?P<m>.*)' } }, { metrics: { m: config } }], 'stages')
    const nested = (config: object) => parseStages([{ match: { selector: '{app="x"}', stages: [{ metrics: { m: config } }] } }], 'stages')

    test.each<[what: string, before: object, after: object, page: readonly string[]]>([
      [
        'a metric that is declared as before goes on',
        HISTOGRAM,
        HISTOGRAM,
        ['p_m_bucket{app="x",le="1"} 1', 'p_m_bucket{app="x",le="2"} 2'],
      ],
      [
        'one with other buckets begins anew',
        HISTOGRAM,
        { ...HISTOGRAM, config: { buckets: [1, 5] } },
        ['p_m_bucket{app="x",le="1"} 0', 'p_m_bucket{app="x",le="5"} 1'],
      ],
      ['one of another type begins anew', HISTOGRAM, { ...HISTOGRAM, type: 'Counter', config: { action: 'add' } }, ['p_m{app="x"} 2']],
    ])('%s', async (_what, before, after, expected) => {
      const { stageMetrics, page, errors } = start()
      const push = (config: object, line: string) => {
        const pipeline = createPipeline(stagesOf(config), { now: () => 0n, metrics: stageMetrics })
        const entry = (text: string) => ({ labels, timestampNs: 0n, line: text, extracted: new Extracted(labels), metadata: undefined })
        pipeline.push(entry(line))
        return (text: string) => pipeline.push(entry(text))
      }
      const former = push(before, '1')
      stageMetrics.reload([stagesOf(after)])
      push(after, '2')
      if (before !== after) former('1')
      expect((await page('p_m')).filter((line) => !/^#|Inf|_sum|_count/.test(line))).toEqual(expected)
      expect(errors).toEqual([])
    })

    test.each<[what: string, pipelines: readonly (readonly StageConfig[])[], isServed: boolean]>([
      ['that no job declares is gone', [[]], false],
      ['that any job declares stays', [[], stagesOf({ ...HISTOGRAM, config: { buckets: [7] } }), stagesOf(HISTOGRAM)], true],
      ['that a stage inside of match declares stays', [nested(HISTOGRAM)], true],
    ])('a metric %s', async (_what, pipelines, isServed) => {
      const { stageMetrics, page } = start()
      stageMetrics.histogram({ name: 'p_m', help: 'Old', maxIdleMs: MINUTE, buckets: [1, 2] }).observe([], 1)
      stageMetrics.reload(pipelines)
      expect((await page('p_m')).length > 0).toBe(isServed)
      expect(await page('clymene_agent_stage_series ')).toEqual([`clymene_agent_stage_series ${isServed ? 1 : 0}`])
    })

    test('its help and the time that its series may be idle are those of now', async () => {
      const { clock, metrics, stageMetrics, page } = start()
      const { add } = stageMetrics.counter(definition('p_m'))
      add([], 1)
      const counter = {
        type: 'Counter',
        description: 'New',
        prefix: 'p_',
        max_idle_duration: '5m',
        config: { match_all: true, action: 'inc' },
      }
      stageMetrics.reload([parseStages([{ metrics: { m: counter } }], 'stages')])
      clock.ms = 5 * MINUTE
      expect(await page('p_m')).toEqual(['# TYPE p_m counter', 'p_m 1'])
      expect(await metrics.registry.metrics()).toContain('# HELP p_m New\n')
    })
  })

  test('a metrics stage is served', async () => {
    const { stageMetrics, page } = start()
    const stages = [{ metrics: { lines: { type: 'Counter', description: 'Lines', config: { match_all: true, action: 'inc' } } } }]
    const pipeline = createPipeline(parseStages(stages, 'stages'), { now: () => 0n, metrics: stageMetrics })
    const labels = createLabelSet([['app', 'x']])
    pipeline.push({ labels, timestampNs: 0n, line: 'l', extracted: new Extracted(labels), metadata: undefined })
    expect(await page('promtail_custom_lines')).toEqual(['# TYPE promtail_custom_lines counter', 'promtail_custom_lines{app="x"} 1'])
  })
})

test('reasons of dropped lines are bounded', async () => {
  const metrics = createMetrics()
  const dropped = createDroppedLines(metrics)
  for (let reason = 0; reason < 102; reason++) dropped(`r${reason}`, 2)
  dropped('r0', 1)
  const values = (await metrics.registry.getSingleMetric('clymene_agent_dropped_lines_total')?.get())?.values ?? []
  expect(values).toHaveLength(101)
  expect(values.map(({ labels, value }) => [labels['reason'], value])).toEqual(
    expect.arrayContaining([
      ['r0', 3],
      ['other', 4],
    ]),
  )
})

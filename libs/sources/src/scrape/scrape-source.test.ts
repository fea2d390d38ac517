import type { Discoverer, Emit, Labels, TargetGroup } from '@clymene/model'
import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { createHttpAccess, createMetrics, parseHttpAccess, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { startExporter, textPage } from './exporter.test-kit.ts'
import { testJob } from './job.test-kit.ts'
import { NO_LIMITS, type ScrapeJob } from './job.ts'
import { type BatchSample, readBatch } from './read-batch.test-kit.ts'
import { createScrapeSource, type ScrapeSourceOptions } from './scrape-source.ts'
import { authority, startTlsExporter } from './tls-exporter.test-kit.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A discoverer whose groups the test sets. */
function discovery(...addresses: string[]) {
  let update: ((groups: readonly TargetGroup[]) => void) | undefined
  const groupOf = (list: readonly string[]): TargetGroup => ({
    source: 'test',
    targets: list.map((address) => new Map([['__address__', address]])),
    labels: new Map(),
  })
  const discoverer: Discoverer = {
    run: (toUpdate, signal) => {
      update = toUpdate
      update([groupOf(addresses)])
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
  }
  return { discoverer, set: (...list: string[]) => update?.([groupOf(list)]) }
}

/** A scrape that is late fails and ends the series before it: where one has to be good a busy machine gets this long. */
const PATIENT = { intervalMs: 500, timeoutMs: 500 }
/** Where it does not matter what comes of a scrape. */
const SOON = { intervalMs: 50, timeoutMs: 50 }

const job = (overrides: Partial<ScrapeJob>, metricRules: readonly object[] = []): ScrapeJob =>
  testJob({
    fingerprint: JSON.stringify([{ ...overrides, discoverers: 0 }, metricRules]),
    ...PATIENT,
    metricRelabel: compileRelabel(parseRelabelConfigs(metricRules, 'rules')),
    ...overrides,
  })

const CLUSTER: Labels = [['cluster', 'c']]

/** Runs a source and keeps what it hands over. */
function running(jobs: readonly ScrapeJob[], options: Partial<ScrapeSourceOptions> = {}, emit: Emit = () => Promise.resolve()) {
  const metrics = createMetrics()
  const source = createScrapeSource({
    jobs,
    externalLabels: CLUSTER,
    streams: 4,
    metrics,
    logger: silentLogger,
    version: '0',
    syncIntervalMs: 5,
    ...options,
  })
  const batches: { readonly stream: string; readonly samples: BatchSample[] }[] = []
  const stop = new AbortController()
  const ended = source.run(async (batch, signal) => {
    const samples = readBatch(batch.body)
    expect(batch).toMatchObject({ kind: 'metrics', records: samples.length })
    batches.push({ stream: batch.stream, samples })
    await emit(batch, signal)
  }, stop.signal)
  const finish = async (): Promise<void> => {
    stop.abort(new DOMException('stopped', 'AbortError'))
    await ended
  }
  closing.push(finish)
  const counted = async (name: string): Promise<number> => {
    const found = await metrics.registry.getSingleMetric(name)?.get()
    return found?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
  }
  return {
    source,
    batches,
    finish,
    counted,
    /** Values of a series in the order received. */
    values: (series: string) => batches.flatMap(({ samples }) => samples.filter((one) => one.series === series).map(({ value }) => value)),
  }
}

async function exporter(answer: Parameters<typeof startExporter>[0]): Promise<string> {
  const { address, close } = await startExporter(answer)
  closing.push(close)
  return address
}

async function tlsExporter() {
  const started = await startTlsExporter(({ headers }, response) => textPage(response, `a{authorization="${headers.authorization}"} 1\n`))
  closing.push(started.close)
  return started
}

const until = (condition: () => unknown): Promise<unknown> =>
  vi.waitFor(
    async () => {
      if ((await condition()) !== true) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: 20_000, interval: 5 },
  )

describe('a scrape', () => {
  test('is one batch: samples and report series with target labels and cluster, at one time, in order', async () => {
    const address = await exporter((_, response) => textPage(response, 'a{x="1"} 5\nb 6\n'))
    const { batches } = running([job({ discoverers: [discovery(address).discoverer] })])
    await until(() => batches.length >= 2)
    const labels = `cluster="c",instance="${address}",job="j"`
    const [first, second] = batches
    expect(first?.samples).toEqual([
      { series: `a{${labels},x="1"}`, value: 5, at: expect.any(Number) },
      { series: `b{${labels}}`, value: 6, at: expect.any(Number) },
      { series: `up{${labels}}`, value: 1, at: expect.any(Number) },
      { series: `scrape_duration_seconds{${labels}}`, value: expect.any(Number), at: expect.any(Number) },
      { series: `scrape_samples_scraped{${labels}}`, value: 2, at: expect.any(Number) },
      { series: `scrape_samples_post_metric_relabeling{${labels}}`, value: 2, at: expect.any(Number) },
      { series: `scrape_series_added{${labels}}`, value: 2, at: expect.any(Number) },
    ])
    expect(second?.samples.at(-1)?.value).toBe(0)
    expect(new Set(first?.samples.map(({ at }) => at)).size).toBe(1)
    expect(second?.samples[0]?.at).toBeGreaterThan(first?.samples[0]?.at ?? Infinity)
    expect(new Set(batches.map(({ stream }) => stream)).size).toBe(1)
  })

  test('of an empty page is good', async () => {
    const address = await exporter((_, response) => response.end())
    const { values } = running([job({ discoverers: [discovery(address).discoverer] })])
    await until(() => values(`up{cluster="c",instance="${address}",job="j"}`).length > 0)
    expect(values(`up{cluster="c",instance="${address}",job="j"}`)[0]).toBe(1)
  })

  const failures: [string, Partial<ScrapeJob>, string, string, bodyBytes: number][] = [
    ['a page that does not parse', {}, 'a 1\nb x\n', 'line 2, column 3: expected a number as value, found "x" at byte 6', 8],
    ['too many samples', { limits: { ...NO_LIMITS, samples: 1 } }, 'a 1\nb 1\n', 'sample_limit exceeded (2 samples, limit 1)', 8],
    ['too large a page', { limits: { ...NO_LIMITS, bodySizeBytes: 7 } }, 'a 1\nb 1\n', 'body_size_limit exceeded (more than 7 bytes)', -1],
    ['a status that is not 200', { metricsPath: '/missing' }, '', 'server answered 404 Not Found, expected 200', 0],
  ]
  test.each(failures)('fails whole: %s', async (_, overrides, page, error, bodyBytes) => {
    const address = await exporter((request, response) => {
      if (request.url === '/metrics') textPage(response, page)
      else response.writeHead(404).end()
    })
    const { batches, source, counted } = running([
      job({ ...overrides, extraScrapeMetrics: true, discoverers: [discovery(address).discoverer] }),
    ])
    await until(() => batches.length > 0)
    expect(batches[0]?.samples.map(({ series, value }) => [series.replace(/\{.*/, ''), value])).toEqual([
      ['up', 0],
      ['scrape_duration_seconds', expect.any(Number)],
      ['scrape_samples_scraped', expect.any(Number)],
      ['scrape_samples_post_metric_relabeling', expect.any(Number)],
      ['scrape_series_added', expect.any(Number)],
      ['scrape_timeout_seconds', 0.5],
      ['scrape_sample_limit', overrides.limits?.samples ?? 0],
      ['scrape_body_size_bytes', bodyBytes],
    ])
    expect(source.targets().active).toMatchObject([{ job: 'j', health: 'down', lastError: error, url: expect.stringContaining(address) }])
    expect(await counted('clymene_agent_scrapes_total')).toBeGreaterThan(0)
  })

  test('without a Content-Type fails, unless the job has a fallback', async () => {
    const address = await exporter((_, response) => response.end('a 1\n'))
    const { values } = running([
      job({ discoverers: [discovery(address).discoverer] }),
      job({ name: 'k', fallbackProtocol: 'PrometheusText0.0.4', discoverers: [discovery(address).discoverer] }),
    ])
    const up = (name: string): unknown => values(`up{cluster="c",instance="${address}",job="${name}"}`)[0]
    await until(() => up('j') === 0 && up('k') === 1)
    expect(values(`a{cluster="c",instance="${address}",job="k"}`)[0]).toBe(1)
  })

  test('that fails ends the series of the one before', async () => {
    let page = 'a 1\n'
    const address = await exporter((_, response) => textPage(response, page))
    const { values } = running([job({ discoverers: [discovery(address).discoverer] })])
    const series = `a{cluster="c",instance="${address}",job="j"}`
    await until(() => values(series).length > 0)
    page = 'a x\n'
    await until(() => values(series).at(-1) === 'stale')
    page = 'a 2\n'
    await until(() => values(series).at(-1) === 2)
    expect(values(series).filter((value) => value === 'stale')).toHaveLength(1)
  })

  test('waits until the one before was accepted, and what was due is counted', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const accepted: (() => void)[] = []
    const { batches, counted } = running(
      [job({ ...SOON, discoverers: [discovery(address).discoverer] })],
      {},
      () => new Promise((resolve) => accepted.push(resolve)),
    )
    await until(() => accepted.length === 1)
    const first = batches[0]?.samples[0]?.at ?? 0
    await until(() => Date.now() > first + 200)
    expect(batches).toHaveLength(1)
    accepted[0]?.()
    await until(() => accepted.length === 2)
    expect(await counted('clymene_agent_scrapes_skipped_total')).toBeGreaterThanOrEqual(3)
    accepted[1]?.()
    accepted.push = (...more) => {
      for (const resolve of more) resolve()
      return 0
    }
  })

  test('is not made while nothing would be accepted', async () => {
    let [asked, reason] = [0, 'full' as string | undefined]
    const address = await exporter((_, response) => {
      asked++
      textPage(response, 'a 1\n')
    })
    const { batches, counted } = running([job({ ...SOON, discoverers: [discovery(address).discoverer] })], { unavailable: () => reason })
    await until(async () => (await counted('clymene_agent_scrapes_skipped_total')) >= 3)
    expect([asked, batches.length]).toEqual([0, 0])
    reason = undefined
    await until(() => batches.length > 0)
  })

  test('that was not accepted is made up for: markers and unchanged exposed times come again; many are one line of the log', async () => {
    let [page, refuses] = ['gone 1\nexposed 7 1000\n', true]
    const address = await exporter((_, response) => textPage(response, page))
    const errors: [string, object | undefined][] = []
    const logger = { ...silentLogger, error: (text: string, fields?: object) => void errors.push([text, fields]) }
    const { batches, counted, values } = running([job({ discoverers: [discovery(address).discoverer] })], { logger }, () =>
      refuses ? Promise.reject(new Error('full')) : Promise.resolve(),
    )
    const labels = `{cluster="c",instance="${address}",job="j"}`
    await until(() => batches.length >= 2)
    expect(values(`exposed${labels}`).slice(0, 2)).toEqual([7, 7])
    refuses = false
    await until(() => batches.length >= 4)
    const before = batches.length
    refuses = true
    page = 'exposed 7 1000\n'
    await until(() => values(`gone${labels}`).filter((value) => value === 'stale').length >= 2)
    refuses = false
    await until(() => batches.length >= before + 4)
    expect(values(`exposed${labels}`).length).toBeLessThan(before)
    expect(errors).toEqual([['samples were not accepted', expect.objectContaining({ job: 'j', samples: 7, error: 'full', heldBack: 0 })]])
    expect(await counted('clymene_agent_scraped_samples_lost_total')).toBeGreaterThanOrEqual(4 * 6)
  })
})

describe('targets', () => {
  test('come and go with discovery; one that goes ends its series and report series', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const found = discovery(address)
    const { batches, values, source } = running([job({ discoverers: [found.discoverer] })])
    await until(() => batches.length > 0)
    found.set()
    await until(() => source.targets().active.length === 0)
    await until(() => values(`scrape_series_added{cluster="c",instance="${address}",job="j"}`).at(-1) === 'stale')
    expect(batches.at(-1)?.samples.map(({ value }) => value)).toEqual(Array.from({ length: 6 }, () => 'stale'))
    const after = batches.length
    found.set(address)
    await until(() => batches.length > after)
    expect(values(`a{cluster="c",instance="${address}",job="j"}`).at(-1)).toBe(1)
  })

  test('that are wrong or dropped are listed with the reason; the others of the group are scraped', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const relabel = compileRelabel(parseRelabelConfigs([{ action: 'drop', source_labels: ['__address__'], regex: 'drop:1' }], 'rules'))
    const { source, batches, counted } = running([job({ relabel, discoverers: [discovery('drop:1', 'a/b', address, address).discoverer] })])
    await until(() => batches.length > 0)
    expect(source.targets()).toMatchObject({
      active: [
        {
          job: 'j',
          health: 'up',
          labels: [
            ['instance', address],
            ['job', 'j'],
          ],
        },
      ],
      dropped: [
        { job: 'j', reason: 'relabel_configs' },
        { job: 'j', reason: 'address "a/b": expected host:port without "/"' },
      ],
    })
    expect(await counted('clymene_agent_scrape_targets')).toBe(1)
    expect(await counted('clymene_agent_scrape_targets_invalid')).toBe(1)
  })

  test('beyond target_limit all fail, without a request', async () => {
    let requests = 0
    const address = await exporter((_, response) => {
      requests++
      textPage(response, 'a 1\n')
    })
    const found = discovery(address, '127.0.0.1:1')
    const { source, batches, values } = running([job({ ...SOON, limits: { ...NO_LIMITS, targets: 1 }, discoverers: [found.discoverer] })])
    await until(() => source.targets().active.filter(({ health }) => health === 'down').length === 2)
    expect(source.targets().active[0]?.lastError).toBe('target_limit exceeded (2 targets, limit 1)')
    expect(requests).toBe(0)
    expect(batches.length).toBeGreaterThan(0)
    found.set(address)
    await until(() => values(`up{cluster="c",instance="${address}",job="j"}`).at(-1) === 1)
  })
})

describe('series of a target that goes', () => {
  test('go on without a marker in the job that it moves to', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\nb 1\n'))
    const moving = (name: string, rules: readonly object[] = []): ScrapeJob => {
      const relabel = compileRelabel(parseRelabelConfigs([{ target_label: 'job', replacement: 'same' }], 'rules'))
      return job({ name, relabel, extraScrapeMetrics: name === 'before', discoverers: [discovery(address).discoverer] }, rules)
    }
    const { source, values } = running([moving('before')])
    const of = (name: string): unknown[] => values(`${name}{cluster="c",instance="${address}",job="same"}`)
    await until(() => of('a').length > 0)
    source.reload([moving('after', [{ action: 'drop', source_labels: ['__name__'], regex: 'b' }])])
    await until(() => of('b').at(-1) === 'stale' && of('scrape_timeout_seconds').at(-1) === 'stale')
    const before = of('a').length
    // Longer than a target that nobody takes over would have waited.
    await until(() => of('a').length > before + 3)
    expect(of('a')).not.toContain('stale')
    expect(of('up')).not.toContain('stale')
  })

  test('of which there are too many: the newest are left out, the target is up', async () => {
    let page = 'a 1\nb 1\n'
    const address = await exporter((_, response) => textPage(response, page))
    const { source, values, counted } = running([job({ discoverers: [discovery(address).discoverer] })], {
      seriesLimits: { perTarget: 3, perJob: 0 },
    })
    const of = (name: string): unknown[] => values(`${name}{cluster="c",instance="${address}",job="j"}`)
    await until(() => of('b').length > 0)
    page = 'u{user="1"} 1\nu{user="2"} 1\nu{user="3"} 1\na 2\nb 2\n'
    await until(() => of('b').at(-1) === 2)
    expect(of('a').at(-1)).toBe(2)
    expect(of('up').at(-1)).toBe(1)
    expect(await counted('clymene_agent_series_left_out')).toBe(2)
    expect(await counted('clymene_agent_series_growing_label_values')).toBe(2)
    expect(await counted('clymene_agent_series')).toBe(3)
    expect(source.cardinality()).toMatchObject({
      jobs: [{ job: 'j', series: 3, limit: 0, leftOut: 2 }],
      targets: [{ job: 'j', series: 3, limit: 3, leftOut: 2, labels: [{ name: 'user', values: 2, sampled: 2 }] }],
    })
    const [target] = source.targets().active
    const series = source.seriesOf('j', target?.url ?? '', target?.labels ?? [])
    expect(series).toMatchObject({ series: 3, limit: 3, leftOut: 2, job: { limit: 0 } })
    const sends = (name: string, user: readonly [string, string][] = []): boolean | undefined =>
      series?.sends([['__name__', name], ['cluster', 'c'], ['instance', address], ['job', 'j'], ...user])
    expect([sends('a'), sends('u', [['user', '1']]), sends('u', [['user', '3']])]).toEqual([true, true, false])
    expect(source.seriesOf('j', 'http://other/', [])).toBeUndefined()
    page = 'a 3\n'
    await until(() => of('b').at(-1) === 'stale')
    expect(await counted('clymene_agent_series_left_out')).toBe(0)
    expect(await counted('clymene_agent_series_growing_label_values')).toBe(0)
  })

  test('of other shards are scraped by others', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const two = [0, 1].map((index) => running([job({ discoverers: [discovery(address).discoverer] })], { shard: { index, count: 2 } }))
    await until(() => two.some(({ batches }) => batches.length > 0))
    const counts = two.map(({ source }) => [source.targets().active.length, source.targets().counts.get('j')?.otherShards])
    expect(counts.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
      [0, 1],
      [1, 0],
    ])
  })
})

describe('a stop', () => {
  test('ends no series: whoever starts next goes on with them', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const { batches, finish } = running([job({ discoverers: [discovery(address).discoverer] })])
    await until(() => batches.length > 0)
    await finish()
    expect(batches.flatMap(({ samples }) => samples.map(({ value }) => value))).not.toContain('stale')
  })

  test('still ends the series of a job that went just before', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const { batches, finish, source, values } = running([job({ discoverers: [discovery(address).discoverer] })])
    await until(() => batches.length > 0)
    source.reload([])
    await finish()
    expect(values(`a{cluster="c",instance="${address}",job="j"}`).at(-1)).toBe('stale')
  })

  test('gives up after its time when nothing is accepted, and says what is lost', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const never: Emit = (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { batches, finish, counted } = running([job({ discoverers: [discovery(address).discoverer] })], { drainTimeoutMs: 20 }, never)
    await until(() => batches.length === 1)
    await finish()
    // The five report series and `a`.
    expect(batches).toHaveLength(1)
    expect(await counted('clymene_agent_scraped_samples_lost_total')).toBe(6)
  })

  test('before the first scrape says nothing', async () => {
    const { batches, finish } = running([job({ intervalMs: 3_600_000, discoverers: [discovery('127.0.0.1:1').discoverer] })])
    await finish()
    expect(batches).toEqual([])
  })
})

describe('a reload', () => {
  test('leaves an unchanged job alone, starts and ends others', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const kept = job({ name: 'kept', discoverers: [discovery(address).discoverer] })
    const gone = job({ name: 'gone', discoverers: [discovery(address).discoverer] })
    const fresh = job({ name: 'fresh', discoverers: [discovery(address).discoverer] })
    const { source, values } = running([kept, gone])
    const a = (name: string): unknown[] => values(`a{cluster="c",instance="${address}",job="${name}"}`)
    await until(() => a('kept').length > 0 && a('gone').length > 0)
    source.reload([{ ...kept, discoverers: [] }, fresh])
    await until(() => a('fresh').length > 1 && a('gone').at(-1) === 'stale')
    const before = a('kept').length
    await until(() => a('kept').length > before + 1)
    expect(a('kept')).not.toContain('stale')
  })

  test('of a changed job ends only the series whose labels change', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\nb 1\n'))
    const found = discovery(address)
    const { source, values } = running([job({ discoverers: [found.discoverer] })])
    const of = (name: string): unknown[] => values(`${name}{cluster="c",instance="${address}",job="j"}`)
    await until(() => of('a').length > 0)
    source.reload([job({ discoverers: [found.discoverer] }, [{ action: 'drop', source_labels: ['__name__'], regex: 'b' }])])
    await until(() => of('b').at(-1) === 'stale')
    const before = of('a').length
    await until(() => of('a').length > before)
    expect(of('a')).not.toContain('stale')
    expect(of('up')).not.toContain('stale')
  })

  test('takes other intervals and external labels over', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const found = discovery(address)
    const { source, values } = running([job({ intervalMs: 3_600_000, discoverers: [found.discoverer] })])
    await until(() => source.targets().active.length === 1)
    source.reload([job({ discoverers: [found.discoverer] })], [['cluster', 'd']])
    await until(() => values(`up{cluster="d",instance="${address}",job="j"}`).length > 0)
    expect(values(`up{cluster="c",instance="${address}",job="j"}`)).toEqual([])
  })

  test('ends report series whose labels or kind it changes', async () => {
    const address = await exporter((_, response) => textPage(response, 'a 1\n'))
    const found = discovery(address)
    const { source, values } = running([job({ extraScrapeMetrics: true, discoverers: [found.discoverer] })])
    const of = (name: string, cluster: string): unknown[] => values(`${name}{cluster="${cluster}",instance="${address}",job="j"}`)
    await until(() => of('scrape_timeout_seconds', 'c').length > 0)
    source.reload([job({ discoverers: [found.discoverer] })])
    await until(() => of('scrape_timeout_seconds', 'c').at(-1) === 'stale')
    expect(of('up', 'c')).not.toContain('stale')
    source.reload([job({ discoverers: [found.discoverer] })], [['cluster', 'd']])
    await until(() => of('up', 'd').length > 1)
    for (const name of ['a', 'up', 'scrape_series_added']) expect(of(name, 'c').filter((value) => value === 'stale')).toHaveLength(1)
  })
})

/** A discoverer whose server is away: it waits until the test lets it speak. */
function awayDiscovery() {
  let update: ((groups: readonly TargetGroup[]) => void) | undefined
  let waits = true
  const discoverer: Discoverer = {
    waits: () => waits,
    run: (toUpdate, signal) => {
      update = toUpdate
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
  }
  const tell = (addresses: readonly string[], stillWaits: boolean): void => {
    waits = stillWaits
    const targets = addresses.map((address) => new Map([['__address__', address]]))
    update?.([{ source: `away ${addresses.join(' ')}`, targets, labels: new Map() }])
  }
  return { discoverer, tell }
}

describe('a reload while the server of a discovery is away', () => {
  afterEach(() => void vi.useRealTimers())

  test('keeps the targets that it named, however long that takes, but none that went since', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const [a, b, c] = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']
    const [own, away] = [discovery(a), awayDiscovery()]
    const slow = { intervalMs: 60_000, timeoutMs: 60_000 }
    const { source } = running([job({ ...slow, discoverers: [discovery(a).discoverer, discovery(b, c).discoverer] })])
    const scraped = (): readonly string[] => source.targets().active.map(({ url }) => url.slice('http://'.length, -'/metrics'.length))
    await until(() => scraped().length === 3)
    source.reload([job({ ...slow, timeoutMs: 30_000, discoverers: [own.discoverer, away.discoverer] })])
    const patience = async (): Promise<void> => {
      vi.advanceTimersByTime(35_000)
      // A target that comes later is taken over later.
      own.set(a, '127.0.0.1:4')
      await until(() => scraped().includes('127.0.0.1:4'))
      own.set(a)
      await until(() => !scraped().includes('127.0.0.1:4'))
    }
    await patience()
    expect(scraped()).toEqual([a, b, c])
    away.tell([b], true)
    await patience()
    expect(scraped()).toEqual([a, b, c])
    away.tell([], false)
    await until(() => scraped().length === 2)
    expect(scraped()).toEqual([a, b])
  })
})

describe('a job with TLS of its own', () => {
  const accessOf = (fields: object) => {
    const { followRedirects, ...options } = parseHttpAccess(new Map(Object.entries(fields)), 'job', { directory: '.' })
    return { http: { followRedirects, access: createHttpAccess(options) } }
  }
  const trusting = accessOf({ tls_config: { ca: authority.cert }, bearer_token: 't' })

  test('is scraped with its credentials, on connections that go with it', async () => {
    const { address, connections } = await tlsExporter()
    const { source, batches } = running([
      job({ scheme: 'https', ...trusting, discoverers: [discovery(address).discoverer], timeoutMs: 1000, intervalMs: 1000 }),
    ])
    await until(() => batches.length > 0)
    expect(batches[0]?.samples[0]?.series).toContain('authorization="Bearer t"')
    expect(connections).toMatchObject({ opened: 1, open: 1 })
    source.reload([])
    await until(() => connections.open === 0)
  })

  test('a reload with other authorities is taken by the targets that go on', async () => {
    const { address, connections } = await tlsExporter()
    const of = (http: object, version: string): ScrapeJob =>
      job({
        scheme: 'https',
        ...http,
        fingerprint: version,
        timeoutMs: 1000,
        intervalMs: 1000,
        discoverers: [discovery(address).discoverer],
      })
    const { source, batches } = running([of(trusting, '1')])
    await until(() => connections.open === 1)
    source.reload([of(accessOf({}), '2')])
    await until(() => source.targets().active[0]?.health === 'down')
    expect(source.targets().active[0]?.lastError).toBe("the server's certificate comes from an authority that is not trusted here")
    await until(() => connections.open === 0)
    const before = batches.length
    source.reload([of(trusting, '3')])
    await until(() => source.targets().active[0]?.health === 'up')
    expect(batches.length).toBeGreaterThan(before)
  })

  test('connections are closed when the source is told to stop', async () => {
    const { address, connections } = await tlsExporter()
    const { finish } = running([
      job({ scheme: 'https', ...trusting, discoverers: [discovery(address).discoverer], timeoutMs: 1000, intervalMs: 1000 }),
    ])
    await until(() => connections.open === 1)
    await finish()
    await until(() => connections.open === 0)
    expect(connections.opened).toBe(1)
  })

  test('a source that is made and never run opens nothing', async () => {
    const { address, connections } = await tlsExporter()
    const { discoverer } = discovery(address)
    const jobs = [job({ scheme: 'https', ...trusting, discoverers: [discoverer] })]
    createScrapeSource({ jobs, externalLabels: CLUSTER, streams: 1, metrics: createMetrics(), logger: silentLogger, version: '0' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(connections.opened).toBe(0)
  })
})

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startNodeExporter, startPrometheus3, type Engine } from '../engines/index.ts'
import { changesOf, currentSeries, exemplarsOf, metadataOf, targetsOf, targetsOutOfTime } from './compared-series.ts'
import { comparisonConfig, TIMEOUT_SECONDS } from './comparison-config.ts'
import { comparisonPages } from './comparison-pages.ts'
import { startScriptedExporter, type ScriptedExporter } from './scripted-exporter.ts'
import { startService, type Service } from './service.ts'

const WAIT = { timeout: 60_000, interval: 100 }
/** Every series of the scripted targets. Its report of time is each one's own. */
const SCRIPTED = '{job!="node",job!="",__name__!="scrape_duration_seconds",__name__!="scrape_series_added"}'

describeWithEngines(['prometheus3', 'node-exporter'], 'the agent beside Prometheus 3.15, of the same configuration', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-comparison-'))
  const startMs = Date.now() - 5000
  let exporter: ScriptedExporter
  let node: Engine
  /** Prometheus that scrapes by itself. */
  let theirs: Engine
  /** Prometheus that has what the agent sends. */
  let ours: Engine
  let agent: Service

  const config = (isReloaded: boolean) =>
    comparisonConfig({ scripted: exporter.address, nodeExporter: node.url.replace('http://', ''), directory, isReloaded })
  const writeTargets = (paths: readonly string[]): void => {
    writeFileSync(join(directory, 'new.json'), JSON.stringify(paths.map((path) => ({ targets: [exporter.address], labels: { path } }))))
    renameSync(join(directory, 'new.json'), join(directory, 'targets-1.json'))
  }
  const configure = (isReloaded: boolean): void => {
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config(isReloaded)))
    writeFileSync(join(theirs.directory, 'prometheus.yml'), JSON.stringify(config(isReloaded)))
  }

  beforeAll(async () => {
    ;[exporter, node] = await Promise.all([startScriptedExporter(comparisonPages(startMs)), startNodeExporter({ args: COLLECTORS })])
    writeTargets(['/comes'])
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config(false)))
    const args = ['--enable-feature=exemplar-storage']
    ;[theirs, ours] = await Promise.all([
      startPrometheus3({ configuration: { ...config(false), storage: EXEMPLARS }, args }),
      startPrometheus3({ configuration: { storage: EXEMPLARS }, args }),
    ])
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'prometheus' },
      flags: [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        `--prometheus.remote.url=${ours.url}/api/v1/write`,
        `--http.port=127.0.0.1:${await freePort()}`,
        '--cluster=c1',
      ],
    })
  })

  afterAll(async () => {
    await Promise.all([agent, theirs, ours, node].map((each) => each?.stop()))
    await exporter?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const PATHS = ['/plain', '/honoured', '/exported', '/open', '/utf8', '/limited', '/failing', '/damaged', '/typeless', '/reloaded']

  /** Both have scraped every path at least three times since it was shown: one that was under way then does not count. */
  async function scrapedByBoth(paths: readonly string[] = PATHS): Promise<void> {
    const fewest = (): number => Math.min(...paths.flatMap((path) => [exporter.given('Prometheus', path), exporter.given('Clymene', path)]))
    await expect.poll(fewest, WAIT).toBeGreaterThanOrEqual(3)
  }

  /** The same series with the same values now, and no fewer than expected. */
  async function expectSame(least: number): Promise<readonly string[]> {
    let found: readonly string[] = []
    // Prometheus ends a target's series three intervals after it has gone: so both are asked until they agree.
    await expect
      .poll(async () => {
        const [expected, sent] = await Promise.all([theirs, ours].map(({ url }) => currentSeries(url, SCRIPTED)))
        found = comparable(sent)
        return differences(comparable(expected), found)
      }, WAIT)
      .toEqual([])
    expect(found.length).toBeGreaterThan(least)
    return found
  }

  test('every series, label for label and value for value', async () => {
    await scrapedByBoth()
    const found = await expectSame(90)
    expect(found.filter((one) => EXTRA.test(one))).toHaveLength(3)
    for (const name of ['requests_total', 'größe.gesamt', 'gaugehistogram', 'calls_total', 'app_tier', '<shop-0>', 'exported_job'])
      expect(found.some((one) => one.includes(name === 'gaugehistogram' ? 'depth_gcount' : name))).toBe(true)
  })

  test('a page that changed, that is damaged, whose series are fewer: what has ended is gone on both sides', async () => {
    exporter.show(1)
    await scrapedByBoth()
    const found = await expectSame(90)
    expect(found.filter((one) => one.includes('/gone') || one.includes('damaged_count'))).toEqual([])
    expect(found.filter((one) => one.includes('"up"') && one.endsWith(' 0'))).toHaveLength(1)
  })

  test('a limit that is exceeded and an answer of 500', async () => {
    exporter.show(2)
    await scrapedByBoth()
    const found = await expectSame(80)
    expect(found.filter((one) => one.includes('"up"') && one.endsWith(' 0'))).toHaveLength(2)
    expect(await currentSeries(ours.url, 'limited_count')).toEqual([])
  })

  test('targets that come and go, a job that is gone after a reload, another one with other rules', async () => {
    writeTargets(['/goes'])
    const before = await agent.metric('clymene_agent_config_last_reload_success_timestamp_seconds')
    configure(true)
    expect((await fetch(`${theirs.url}/-/reload`, { method: 'POST' })).status).toBe(200)
    await expect.poll(() => agent.metric('clymene_agent_config_last_reload_success_timestamp_seconds'), WAIT).toBeGreaterThan(before)
    exporter.show(3)
    await scrapedByBoth([...PATHS, '/goes'])
    const found = await expectSame(80)
    expect(found.filter((one) => one.includes('secret_total') || one.includes('comes_count'))).toEqual([])
    expect(found.filter((one) => EXTRA.test(one))).toEqual([])
    expect(found.some((one) => one.includes('"file"') && one.includes('goes_count'))).toBe(true)
    expect(await currentSeries(ours.url, '{job="goes"}')).toEqual([])
  })

  test('the real node-exporter: the same series, and the same values where they do not change', async () => {
    const [changesOfTheirs, changesOfOurs] = await Promise.all([theirs, ours].map(({ url }) => changesOf(url, '{job="node"}')))
    expect(Object.keys(changesOfOurs ?? {})).toEqual(Object.keys(changesOfTheirs ?? {}))
    const constant = (of: typeof changesOfTheirs) =>
      Object.entries(of ?? {}).filter(([key]) => CANNOT_CHANGE.some((name) => key.includes(`["__name__","${name}"]`)))
    expect(constant(changesOfTheirs)).toHaveLength(CANNOT_CHANGE.length)
    expect(constant(changesOfOurs)).toEqual(constant(changesOfTheirs))
    // The others may have changed between two scrapes of one side only.
    const still = Object.entries(changesOfTheirs ?? {}).filter(([, values]) => values.length === 1)
    expect(still.length).toBeGreaterThan(50)
    const differing = still.filter(([key, values]) => changesOfOurs?.[key]?.length === 1 && changesOfOurs[key][0] !== values[0])
    expect(differing).toEqual([])
  })

  test('reports of scrapes have gone through the same values', async () => {
    const reports =
      '{__name__=~"up|scrape_samples_scraped|scrape_samples_post_metric_relabeling|scrape_series_added",job!="node",job!="file",job!="goes"}'
    const [late, [changesOfOurs = {}, changesOfTheirs = {}]] = await Promise.all([
      Promise.all([ours, theirs].map(({ url }) => targetsOutOfTime(url, TIMEOUT_SECONDS))).then((both) => both.flat()),
      Promise.all([ours, theirs].map(({ url }) => changesOf(url, reports))),
    ])
    const inTime = (changes: typeof changesOfOurs) =>
      Object.entries(changes).filter(([key]) => !late.includes(key.replace(/\["__name__","\w+"\],/, '')))
    expect(inTime(changesOfOurs)).toEqual(inTime(changesOfTheirs))
    expect(inTime(changesOfTheirs).length).toBeGreaterThan(Object.keys(changesOfTheirs).length / 2)
  })

  test('exemplars', async () => {
    const expected = await exemplarsOf(theirs.url, '{job="open"}', startMs)
    expect(expected.length).toBeGreaterThan(4)
    expect(await exemplarsOf(ours.url, '{job="open"}', startMs)).toEqual(expected)
  })

  test('the lists of targets and their metadata', async () => {
    expect(await targetsOf(agent.url)).toEqual(await targetsOf(theirs.url))
    expect(await metadataOf(agent.url)).toEqual(await metadataOf(theirs.url))
  })

  test('both are stopped in their order, then killed, while series go: the same is left', async () => {
    await Promise.all([agent.halt(), theirs.halt()])
    exporter.show(4)
    await Promise.all([agent.restart(), theirs.restart()])
    await scrapedByBoth()
    await expectSame(80)
    await Promise.all([agent.kill(), theirs.kill()])
    exporter.show(1)
    await Promise.all([agent.restart(), theirs.restart()])
    await scrapedByBoth()
    await expectSame(80)
  })
})

/** What a job with `extra_scrape_metrics` has besides. */
const EXTRA = /"scrape_(timeout_seconds|sample_limit|body_size_bytes)"/

/**
 * Meant to differ (docs/differences.md): a page beyond its limit, and a job that a reload takes away, end their series here; Prometheus leaves them
 * without a marker, so that they are found for five minutes more.
 */
const ENDED_HERE = ['"limited_count"', '["job","goes"]']
const comparable = (series: readonly string[] = []): readonly string[] =>
  series.filter((one) => !ENDED_HERE.some((text) => one.includes(text)))

const differences = (theirs: readonly string[], ours: readonly string[]): readonly string[] => {
  const [expected, sent] = [new Set(theirs), new Set(ours)]
  return [
    ...theirs.filter((one) => !sent.has(one)).map((one) => `missing ${one}`),
    ...ours.filter((one) => !expected.has(one)).map((one) => `only ours ${one}`),
  ]
}

/** A value of its own is all that a series of these ever has, without a gap. */
const CANNOT_CHANGE = [
  'node_uname_info',
  'node_os_info',
  'node_os_version',
  'node_memory_MemTotal_bytes',
  'node_memory_SwapTotal_bytes',
  'node_exporter_build_info',
  'go_info',
  'process_start_time_seconds',
  'process_max_fds',
]

/** Without those of networks and disks: other tests add and remove such things meanwhile. */
const COLLECTORS = [
  '--collector.disable-defaults',
  ...['cpu', 'meminfo', 'uname', 'loadavg', 'stat', 'vmstat', 'time', 'os'].map((name) => `--collector.${name}`),
]

const EXEMPLARS = { exemplars: { max_exemplars: 10_000 } }

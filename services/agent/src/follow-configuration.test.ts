import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { labelValue, type Logger } from '@clymene/model'
import { type AdminAction, type AdminServer, createMetrics, createReadiness, parseFlags, silentLogger } from '@clymene/runtime'
import { eventFlags } from '@clymene/sources'
import { decodeWriteRequest, decompress } from '@clymene/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { assembleAgent } from './assemble.ts'
import { chooseConfigTexts } from './config-texts.ts'
import { readConfiguration } from './configuration.ts'
import { agentFlags, bufferFlags, promtailFlags, scrapeFlags } from './flags.ts'
import { followConfiguration } from './follow-configuration.ts'
import { startExporter } from './testing/exporter.ts'
import { createFakeSink, type FakeSink } from './testing/fake-sink.ts'
import { together } from './together.ts'

let folder = ''
let exporter: Awaited<ReturnType<typeof startExporter>>
let end: (() => Promise<void>) | undefined
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-follow-'))
  exporter = await startExporter('page 1\n')
})
afterEach(async () => {
  await end?.()
  end = undefined
  await exporter.close()
  rmSync(folder, { recursive: true })
})

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)

const INTERVAL_MS = 100
/** Jobs of the exporter, each with its target in a label of its own. */
const jobs = (...names: readonly string[]): string =>
  names.map((name) => `  - {job_name: ${name}, static_configs: [{targets: ["${exporter.address}"], labels: {cluster: c}}]}\n`).join('')
const scrapes = (...names: readonly string[]): string => `global: {scrape_interval: ${INTERVAL_MS}ms}\nscrape_configs:\n${jobs(...names)}`
const logs = (name: string): string =>
  `positions: {filename: ${folder}/positions.yaml}\nscrape_configs:\n  - {job_name: ${name}, static_configs: [{labels: {__path__: ${folder}/${name}.log, cluster: c}}]}\n`

/** An agent of the files `c.yml` and, when it is there, `p.yml`. */
async function start(argv: readonly string[] = [], withLogs = false) {
  const told: string[] = []
  const tell = (message: string): void => void told.push(message)
  const logger: Logger = { ...silentLogger, warn: tell, error: tell, info: tell, child: () => logger }
  const flags = { ...agentFlags, ...bufferFlags, ...promtailFlags, ...eventFlags, ...scrapeFlags }
  const files = [`--config.file=${folder}/c.yml`, ...(withLogs ? [`--promtail.config.file=${folder}/p.yml`] : [])]
  const { values, given } = parseFlags(flags, [...files, '--http.port=127.0.0.1:0', ...argv], {})
  const byKind = new Map([
    ['metrics', []],
    ['logs', []],
  ] as const)
  const texts = chooseConfigTexts({ values, given, selection: { selected: [], byKind }, isPromtail: false })
  const readiness = createReadiness()
  const metrics = createMetrics()
  const discovery = createDiscoveryContext({ logger: silentLogger, metrics })
  const actions = new Map<string, AdminAction>()
  const admin: Pick<AdminServer, 'act'> = { act: (path, action) => void actions.set(path, action) }
  const host = { logger, metrics, readiness, version: { version: '1', buildTime: '' }, adminAccess: () => undefined, admin }
  const read = () => readConfiguration({ values, texts, env: {} }, discovery)
  const configuration = read()
  const sink = createFakeSink()
  const setup = { cluster: '', logLabels: [] }
  const agent = await assembleAgent({
    ...configuration,
    ...setup,
    agentId: 'a',
    tenant: '',
    streams: 1,
    logBatch: { bytes: 1024, waitMs: 5 },
    logBackoff: {},
    bufferedSources: [],
    buffer: {
      directory: join(folder, 'buffer'),
      maxBytes: 32 * 1024 ** 2,
      maxAgeMs: 3_600_000,
      full: 'expire',
      fsyncIntervalMs: 1000,
      drainTimeoutMs: 5000,
    },
    sinks: new Map((['metrics', 'logs'] as const).map((kind) => [kind, [{ storage: kind, sink, storesParts: false }]])),
    host,
  })
  const follow = await followConfiguration({
    configuration,
    read,
    port: values['http.port'],
    watch: values['config.watch'],
    setup,
    agent,
    host,
    watchIntervalMs: 20,
  })
  const stop = new AbortController()
  const running = together([agent.run, follow], stop.signal)
  end = async () => {
    stop.abort()
    await running
    await agent.close()
    await discovery.close()
  }
  const jobNames = (): readonly string[] => agent.scraped().flatMap((one) => one.jobs.map(({ name }) => name))
  const expectJobs = (...names: readonly string[]) => vi.waitFor(() => expect(jobNames()).toEqual(names), { timeout: 10_000 })
  const expectTold = (text: string) => vi.waitFor(() => expect(told.join('\n')).toContain(text), { timeout: 10_000 })
  const post = (path: string) => actions.get(path)?.({ remoteAddress: '127.0.0.1', authorization: undefined })
  return { sink, readiness, jobNames, expectJobs, told, expectTold, post }
}

const scraped = (sink: FakeSink): number => sink.records().filter((record) => record === 'page=1').length
const expectScrapes = (sink: FakeSink, count: number) =>
  vi.waitFor(() => expect(scraped(sink)).toBeGreaterThanOrEqual(count), { timeout: 10_000 })

test('a job that did not change goes on without a gap, whatever comes and goes beside it', async () => {
  write('c.yml', scrapes('stays'))
  const { sink, expectJobs } = await start()
  await expectScrapes(sink, 3)
  for (const names of [['stays', 'new'], ['stays'], ['stays', 'other']]) {
    write('c.yml', scrapes(...names))
    await expectJobs(...names)
    await expectScrapes(sink, scraped(sink) + 3)
  }
  expect(markersOf(sink, 'stays')).toBe(0)
  expect(markersOf(sink, 'new')).toBeGreaterThan(0)
})

/** Staleness markers of `up`, which are NaN: the target has ended. (Of the page they also say that a scrape came too late.) */
const markersOf = (sink: FakeSink, job: string): number =>
  sink.written
    .flatMap(({ value }) => decodeWriteRequest(decompress(value, 1024 * 1024)))
    .filter(({ labels }) => labelValue(labels, '__name__') === 'up' && labelValue(labels, 'job') === job)
    .flatMap(({ samples }) => samples)
    .filter(({ value }) => Number.isNaN(value)).length

test('a file that is wrong changes nothing and says so until it is right', async () => {
  write('c.yml', scrapes('a'))
  const { sink, readiness, jobNames, expectJobs } = await start()
  await expectScrapes(sink, 1)
  write('c.yml', `${scrapes('a', 'b')}    oops: 1\n`)
  await vi.waitFor(
    () => expect(readiness.remarks()).toEqual([expect.stringMatching(/^config: the last one read was refused, .*c\.yml:/)]),
    {
      timeout: 10_000,
    },
  )
  expect(jobNames()).toEqual(['a'])
  await expectScrapes(sink, scraped(sink) + 2)
  write('c.yml', scrapes('a', 'b'))
  await expectJobs('a', 'b')
  expect(readiness.remarks()).toEqual([])
})

test('a file of jobs that comes, changes and goes', async () => {
  write('c.yml', `scrape_config_files: ['*.jobs.yml']\n${scrapes('a')}`)
  const { expectJobs } = await start()
  write('x.jobs.yml', `scrape_configs:\n${jobs('x')}`)
  await expectJobs('a', 'x')
  write('x.jobs.yml', `scrape_configs:\n${jobs('y')}`)
  await expectJobs('a', 'y')
  rmSync(join(folder, 'x.jobs.yml'))
  await expectJobs('a')
})

test('what was refused is taken when a file that only it names is mended', async () => {
  write('c.yml', scrapes('a'))
  const { readiness, expectJobs } = await start()
  write('x.jobs.yml', `scrape_configs:\n${jobs('a')}`)
  write('c.yml', `scrape_config_files: ['*.jobs.yml']\n${scrapes('a')}`)
  await vi.waitFor(() => expect(readiness.remarks()).toEqual([expect.stringContaining('is used by another job')]), { timeout: 10_000 })
  write('x.jobs.yml', `scrape_configs:\n${jobs('x')}`)
  await expectJobs('a', 'x')
  expect(readiness.remarks()).toEqual([])
})

test.each(['/-/reload', '/reload', '/api/reload'])('POST %s on the admin port reads it anew, and says what is wrong', async (path) => {
  write('c.yml', scrapes('a'))
  const { post, jobNames, expectTold } = await start(['--config.watch=false'])
  write('c.yml', scrapes('a', 'b'))
  expect(await post(path)).toMatchObject({ body: 'config reload, success\n' })
  expect(jobNames()).toEqual(['a', 'b'])
  write('c.yml', 'oops: 1\n')
  expect(await post(path)).toMatchObject({ status: 400, body: expect.stringContaining('oops') })
  await expectTold('configuration refused')
  expect(jobNames()).toEqual(['a', 'b'])
})

test('SIGHUP reads it anew; without --config.watch a change alone does not', async () => {
  write('c.yml', scrapes('a'))
  const { sink, jobNames, expectJobs } = await start(['--config.watch=false'])
  write('c.yml', scrapes('b'))
  await expectScrapes(sink, 4)
  expect(jobNames()).toEqual(['a'])
  process.emit('SIGHUP')
  await expectJobs('b')
})

test('lines of another log configuration follow, none is lost or sent twice', async () => {
  write('c.yml', scrapes('a'))
  write('p.yml', logs('one'))
  write('one.log', 'one 1\n')
  write('two.log', 'two 1\n')
  const { sink } = await start([], true)
  const lines = (): readonly string[] => sink.records().filter((record) => /^(?:one|two) /.test(record))
  const expectLines = (...expected: readonly string[]) => vi.waitFor(() => expect(lines()).toEqual(expected), { timeout: 10_000 })
  await expectLines('one 1')
  write('p.yml', logs('two'))
  await expectLines('one 1', 'two 1')
  appendFileSync(join(folder, 'one.log'), 'one 2\n')
  write('p.yml', logs('one'))
  await expectLines('one 1', 'two 1', 'one 2')
})

test('positions that cannot be written are a remark on /readyz', async () => {
  write('c.yml', scrapes('a'))
  write('p.yml', logs('one'))
  write('one.log', 'one 1\n')
  mkdirSync(join(folder, 'positions.yaml'))
  const { readiness } = await start([], true)
  const remark = expect.stringContaining(`positions: ${folder}/positions.yaml cannot be written: `)
  await vi.waitFor(() => expect(readiness.remarks()).toEqual([remark]), { timeout: 10_000 })
  rmSync(join(folder, 'positions.yaml'), { recursive: true })
  await vi.waitFor(() => expect(readiness.remarks()).toEqual([]), { timeout: 10_000 })
})

test('a mistake of one kind holds back the other', async () => {
  write('c.yml', scrapes('a'))
  write('p.yml', logs('one'))
  const { readiness, jobNames, expectJobs } = await start([], true)
  write('p.yml', 'oops: 1\n')
  write('c.yml', scrapes('b'))
  await vi.waitFor(() => expect(readiness.remarks()).toEqual([expect.stringContaining('p.yml:1: oops: unknown key')]), { timeout: 10_000 })
  expect(jobNames()).toEqual(['a'])
  write('p.yml', logs('two'))
  await expectJobs('b')
})

const times = (told: readonly string[], text: string): number => told.filter((message) => message.includes(text)).length

test('what SIGHUP was refused is told once, not by the watch again', async () => {
  write('c.yml', scrapes('a'))
  const { told, expectTold, expectJobs } = await start()
  write('c.yml', `oops: 1\n${scrapes('a')}`)
  process.emit('SIGHUP')
  await expectTold('configuration refused')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(times(told, 'configuration refused')).toBe(1)
  write('c.yml', scrapes('b'))
  await expectJobs('b')
})

test('what has no effect is told when it is new only', async () => {
  write('c.yml', `rule_files: []\n${scrapes('a')}`)
  const { told, expectJobs } = await start()
  write('c.yml', `# moved\nrule_files: []\n${scrapes('b')}`)
  await expectJobs('b')
  write('c.yml', `rule_files: []\nalerting: {}\n${scrapes('c')}`)
  await expectJobs('c')
  await vi.waitFor(() => expect(times(told, 'alerting: has no effect')).toBe(1), { timeout: 10_000 })
  expect(times(told, 'rule_files: has no effect')).toBe(0)
})

test('another name for the own cluster is told once for each, as it counts from the next start', async () => {
  const named = (...clusters: readonly string[]): string =>
    `scrape_configs:\n${clusters.map((cluster, at) => `  - {job_name: j${at}, static_configs: [], relabel_configs: [{target_label: cluster, replacement: ${cluster}}]}\n`).join('')}`
  write('c.yml', named('a'))
  const { told, post } = await start(['--config.watch=false'])
  const reload = async (text: string): Promise<readonly string[]> => {
    const before = told.length
    write('c.yml', text)
    expect(await post('/-/reload')).toMatchObject({ body: 'config reload, success\n' })
    return told.slice(before).filter((message) => message.includes('own cluster'))
  }
  const warning = (name: string): string =>
    `this agent goes on to call its own cluster "a", as at its start, where the configuration now says ${name}: a restart takes that over`
  expect(await reload(named('a', 'a'))).toEqual([])
  expect(await reload(named('b'))).toEqual([warning('"b"')])
  expect(await reload(named('b', 'b'))).toEqual([])
  expect(await reload(named('b', 'c'))).toEqual([warning('none')])
  expect(await reload(named('a'))).toEqual([])
  expect(await reload(named('b'))).toEqual([warning('"b"')])
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import type { Kind, Label } from '@clymene/model'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { decodePushRequest, decodeWriteRequest, decompress } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { assembleAgent, clusterWarnings, type AgentSetup } from './assemble.ts'
import { ownCluster } from './own-cluster.ts'
import { readLogConfigs, readScrapeConfigs } from './read-configs.ts'
import { startExporter } from './testing/exporter.ts'
import { createFakeSink, type FakeSink } from './testing/fake-sink.ts'

let folder = ''
let exporter: Awaited<ReturnType<typeof startExporter>>
let stop: (() => Promise<void>) | undefined
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-agent-'))
  exporter = await startExporter('plain 1\nexposed{cluster="own"} 1\nsame{cluster="flag"} 1\n')
  writeFileSync(join(folder, 'a.log'), 'a line\n')
})
afterEach(async () => {
  await stop?.()
  stop = undefined
  await exporter.close()
  rmSync(folder, { recursive: true })
})

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })

type Case = { readonly flag?: string; readonly external?: boolean; readonly label?: boolean; readonly rule?: boolean }

/** A job of scrapes or of files with `cluster` set where the case says so. */
function setupOf({ flag = '', external = false, label = false, rule = false }: Case, kind: Kind, labels: Label[] = []) {
  const shared = [
    '  - job_name: j',
    ...(rule ? ['    relabel_configs: [{target_label: cluster, replacement: rule}]'] : []),
    `    static_configs: [{targets: [${kind === 'metrics' ? exporter.address : 'localhost'}], labels: {__path__: ${folder}/a.log${label ? ', cluster: label' : ''}}}]`,
  ]
  const scrape = [
    'global:',
    '  scrape_interval: 100ms',
    ...(external ? ['  external_labels: {cluster: external}'] : []),
    'scrape_configs:',
    ...shared,
  ]
  const logs = [`positions: {filename: ${folder}/positions.yaml}`, 'scrape_configs:', ...shared]
  const text = { path: 'c.yml', text: (kind === 'metrics' ? scrape : logs).join('\n') }
  return {
    cluster: flag,
    scrapeConfigs: kind === 'metrics' ? readScrapeConfigs([text], {}, context) : [],
    logConfigs: kind === 'logs' ? readLogConfigs([text], context) : [],
    logLabels: external ? [...labels, ['cluster', 'external'] as const] : labels,
  } satisfies Partial<AgentSetup>
}

async function run(setup: ReturnType<typeof setupOf>, kind: Kind, agentId = 'a') {
  const sink = createFakeSink()
  const agent = await assembleAgent({
    agentId,
    tenant: '',
    streams: 1,
    logBatch: { bytes: 1024 * 1024, waitMs: 10 },
    logBackoff: {},
    bufferedSources: [],
    buffer: {
      directory: join(folder, 'buffer'),
      maxBytes: 32 * 1024 ** 2,
      maxAgeMs: 3_600_000,
      full: 'expire',
      fsyncIntervalMs: 0,
      drainTimeoutMs: 5000,
    },
    sinks: new Map([[kind, [{ storage: 'fake', sink, storesParts: false }]]]),
    host: { ...context, metrics: createMetrics(), readiness: createReadiness(), version: { version: '1', buildTime: '' } },
    ...setup,
  })
  const end = new AbortController()
  const running = agent.run(end.signal)
  stop = async () => {
    end.abort()
    await running
    await agent.close()
  }
  return { sink, agent }
}

/** Labels of everything written, by metric name or line. */
function labelsIn(sink: FakeSink): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map(
    sink.written.flatMap(({ kind, value }) => {
      const body = decompress(value, 1024 * 1024)
      if (kind === 'logs')
        return decodePushRequest(body).flatMap(({ labels, entries }) => entries.map(({ line }) => [line, new Map(labels)] as const))
      return decodeWriteRequest(body).map(({ labels }) => [new Map(labels).get('__name__') ?? '', new Map(labels)] as const)
    }),
  )
}

const CASES: readonly (readonly [name: string, one: Case, expected: string | undefined])[] = [
  ['a rule', { rule: true }, 'rule'],
  ['a label of the target', { label: true }, 'label'],
  ['external labels', { external: true }, 'external'],
  ['--cluster', { flag: 'flag' }, 'flag'],
  ['nothing', {}, undefined],
  ['a rule before a label of the target', { rule: true, label: true }, 'rule'],
  ['a rule before external labels and --cluster', { rule: true, external: true, flag: 'flag' }, 'rule'],
  ['a label of the target before external labels and --cluster', { label: true, external: true, flag: 'flag' }, 'label'],
  ['external labels before --cluster', { external: true, flag: 'flag' }, 'external'],
]

describe('the cluster of series is set by', () => {
  test.each(CASES)('%s', async (_name, one, expected) => {
    const { sink } = await run(setupOf(one, 'metrics'), 'metrics')
    await vi.waitFor(() => expect([...labelsIn(sink).keys()]).toEqual(expect.arrayContaining(['plain', 'exposed', 'up'])), {
      timeout: 10_000,
    })
    const labels = labelsIn(sink)
    for (const name of ['plain', 'up', 'scrape_duration_seconds']) expect(labels.get(name)?.get('cluster')).toBe(expected)
  })
})

describe('a cluster in the exposed text', () => {
  test('that differs becomes exported_cluster, one that does not is left as it is', async () => {
    const { sink } = await run(setupOf({ flag: 'flag' }, 'metrics'), 'metrics')
    await vi.waitFor(() => expect(labelsIn(sink).has('same')).toBe(true), { timeout: 10_000 })
    const labels = labelsIn(sink)
    expect([labels.get('exposed')?.get('cluster'), labels.get('exposed')?.get('exported_cluster')]).toEqual(['flag', 'own'])
    expect([labels.get('same')?.get('cluster'), labels.get('same')?.get('exported_cluster')]).toEqual(['flag', undefined])
  })
})

test('a reload keeps what --cluster says and takes the labels of the new configuration', async () => {
  const { sink, agent } = await run(setupOf({ flag: 'flag' }, 'metrics'), 'metrics')
  await vi.waitFor(() => expect(labelsIn(sink).has('plain')).toBe(true), { timeout: 10_000 })
  const reloadTo = async (one: Case, expected: string): Promise<void> => {
    await agent.reload({ scrapeConfigs: setupOf(one, 'metrics').scrapeConfigs })
    await vi.waitFor(() => expect(labelsIn(sink).get('plain')?.get('cluster')).toBe(expected), { timeout: 10_000 })
  }
  await reloadTo({ external: true }, 'external')
  await reloadTo({}, 'flag')
})

test.each([
  ['a', 'a'],
  ['', hostname()],
])('an agent with the id %j is %s', async (agentId, expected) => {
  const { sink } = await run(setupOf({ flag: 'flag' }, 'logs'), 'logs', agentId)
  await vi.waitFor(() => expect(sink.written.length).toBeGreaterThan(0), { timeout: 10_000 })
  expect(sink.written[0]?.headers).toMatchObject({ agent: expected, cluster: 'flag' })
})

describe('the cluster of lines is set by', () => {
  test.each(CASES)('%s', async (_name, one, expected) => {
    const { sink } = await run(setupOf(one, 'logs'), 'logs')
    await vi.waitFor(() => expect(labelsIn(sink).has('a line')).toBe(true), { timeout: 10_000 })
    expect(labelsIn(sink).get('a line')?.get('cluster')).toBe(expected)
  })

  test('what labels of all lines say beside it stays', async () => {
    const { sink } = await run(setupOf({ flag: 'flag' }, 'logs', [['env', 'prod']]), 'logs')
    await vi.waitFor(() => expect(labelsIn(sink).has('a line')).toBe(true), { timeout: 10_000 })
    expect(Object.fromEntries(labelsIn(sink).get('a line') ?? [])).toMatchObject({
      cluster: 'flag',
      env: 'prod',
      filename: join(folder, 'a.log'),
    })
  })
})

describe('the cluster that an agent says it is in', () => {
  test.each<[name: string, one: Case, expected: string]>([
    ['none', {}, ''],
    ['the flag', { flag: 'flag', rule: true }, 'flag'],
    ['external labels', { external: true }, 'external'],
    ['a rule', { rule: true }, 'rule'],
    ['a rule before external labels', { rule: true, external: true }, 'rule'],
    ['labels of targets, which may differ', { label: true }, ''],
    ['labels of targets over external labels', { label: true, external: true }, ''],
  ])('%s', (_name, one, expected) => {
    for (const kind of ['metrics', 'logs'] as const) expect(ownCluster(setupOf(one, kind))).toBe(expected)
  })

  test('is none when jobs differ, or a rule looks at targets', () => {
    const jobs = (...rules: readonly string[]) => {
      const text = rules.map((rule, at) => `  - {job_name: j${at}, relabel_configs: [${rule}], static_configs: [{targets: [a]}]}`)
      return ownCluster({
        cluster: '',
        logLabels: [],
        logConfigs: [],
        scrapeConfigs: readScrapeConfigs([{ path: 'c.yml', text: ['scrape_configs:', ...text].join('\n') }], {}, context),
      })
    }
    const rule = (name: string) => `{target_label: cluster, replacement: ${name}}`
    expect(jobs(rule('a'), rule('a'))).toBe('a')
    expect(jobs(rule('a'), rule('b'))).toBe('')
    expect(jobs(rule('a'), '')).toBe('')
    expect(jobs('{source_labels: [job], target_label: cluster}')).toBe('')
    expect(jobs(`{source_labels: [job], target_label: cluster}, ${rule('a')}`)).toBe('a')
    expect(jobs(`${rule('a')}, {action: labeldrop, regex: cluster}`)).toBe('')
    expect(jobs(`{action: labelmap, regex: (.+)}, ${rule('a')}`)).toBe('a')
  })

  test('stands beside every message', async () => {
    const { sink } = await run(setupOf({ rule: true }, 'metrics'), 'metrics')
    await vi.waitFor(() => expect(sink.written.length).toBeGreaterThan(0), { timeout: 10_000 })
    expect(sink.written[0]?.headers.cluster).toBe('rule')
  })
})

describe('a job that has none is warned of by name', () => {
  const WARNING = 'job "j" has no cluster: set --cluster, external_labels or a rule with target_label: cluster'
  test.each<[kind: Kind]>([['metrics'], ['logs']])('%s', (kind) => {
    for (const [, one, expected] of CASES) expect(clusterWarnings(setupOf(one, kind))).toEqual(expected === undefined ? [WARNING] : [])
  })
})

test.each<[rules: string, warned: boolean]>([
  ['{target_label: cluster, replacement: ""}', true],
  ['{target_label: cluster, replacement: c}', false],
  ['{target_label: cluster, replacement: c}, {target_label: cluster, replacement: "", source_labels: [a], regex: b}', false],
  ['{target_label: cluster, source_labels: [a]}', false],
  ['{target_label: other, replacement: c}', true],
])('whether the rules %s leave it without one', (rules, warned) => {
  const text = `scrape_configs:
  - { job_name: j, relabel_configs: [${rules}], static_configs: [{targets: [a]}] }`
  for (const [scrapeConfigs, logConfigs] of [
    [readScrapeConfigs([{ path: 'c.yml', text }], {}, context), []],
    [[], readLogConfigs([{ path: 'c.yml', text }], context)],
    [[], readLogConfigs([{ path: 'c.yml', text: text.replace('static_configs: [{targets: [a]}]', 'journal: {}') }], context)],
  ] as const)
    expect(clusterWarnings({ cluster: '', logLabels: [], scrapeConfigs, logConfigs })).toHaveLength(warned ? 1 : 0)
})

test('several of them stand in one line, by name the first five', () => {
  const jobsWithoutCluster = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const [, one] = CASES[0] ?? []
  if (one === undefined) throw new Error('no case')
  const setup = setupOf(one, 'metrics')
  const scrapeConfigs = setup.scrapeConfigs.map((config) => ({ ...config, externalLabels: [], jobsWithoutCluster }))
  expect(clusterWarnings({ ...setup, cluster: '', scrapeConfigs })).toEqual([
    'jobs "a", "b", "c", "d", "e" and 2 more have no cluster: set --cluster, external_labels or a rule with target_label: cluster',
  ])
})

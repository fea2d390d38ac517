import { hostname } from 'node:os'

import { discoveryFlags, kubernetesFlags, podLogsFlags } from '@clymene/discovery'
import { createMetrics, createReadiness, parseFlags, silentLogger } from '@clymene/runtime'
import { eventFlags } from '@clymene/sources'
import { describe, expect, test } from 'vitest'

import { agentFlags, bufferFlags, dryRunFlags, promtailFlags, scrapeFlags } from './flags.ts'
import { setupOf } from './run-agent.ts'

const host = {
  logger: silentLogger,
  metrics: createMetrics(),
  readiness: createReadiness(),
  version: { version: '1', buildTime: '' },
  admin: {
    address: { host: '', port: 0 },
    serveJson: () => undefined,
    serve: () => undefined,
    act: () => undefined,
    close: () => Promise.resolve(),
  },
  adminAccess: () => undefined,
}

function setup(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { values } = parseFlags(
    {
      ...agentFlags,
      ...scrapeFlags,
      ...dryRunFlags,
      ...bufferFlags,
      ...promtailFlags,
      ...discoveryFlags,
      ...kubernetesFlags,
      ...podLogsFlags,
      ...eventFlags,
    },
    argv,
    env,
  )
  const texts = { scrape: undefined, logs: undefined, warnings: [] }
  return setupOf({ values, storageValues: {}, selection: { selected: [], byKind: new Map() }, texts, env }, host, {
    scrapeConfigs: [],
    logConfigs: [],
  })
}

test('what no flag says', () => {
  expect(setup([])).toMatchObject({
    agentId: '',
    cluster: '',
    tenant: '',
    streams: 1,
    logLabels: [],
    logBatch: { bytes: 1024 * 1024, waitMs: 1000 },
    logBackoff: { minMs: 500, maxMs: 300_000 },
    scraping: { seriesLimits: { perTarget: 1_000_000, perJob: 5_000_000 }, shard: { index: 0, count: 1 }, metadataIntervalMs: 60_000 },
    buffer: { directory: './clymene-buffer', maxBytes: 1024 ** 3, maxAgeMs: 48 * 3_600_000, full: 'expire', drainTimeoutMs: 5000 },
  })
  expect(setup([]).hostName).toBe(hostname())
})

test("how many files are held open is the source's own to say where no flag does", () => {
  expect(setup([]).reading).not.toHaveProperty('maxOpenFiles')
})

describe('what a flag says', () => {
  test.each<[flag: string, expected: object]>([
    ['--agent.id=a', { agentId: 'a' }],
    ['--cluster=c', { cluster: 'c' }],
    ['--scrape.series-limit-per-target=5', { scraping: { seriesLimits: { perTarget: 5 } } }],
    ['--scrape.series-limit-per-job=6', { scraping: { seriesLimits: { perJob: 6 } } }],
    ['--scrape.metadata-interval=0s', { scraping: { metadataIntervalMs: 0 } }],
    ['--agent.streams=4', { streams: 4 }],
    ['--clymene-promtail.tenant-id=t', { tenant: 't' }],
    ['--clymene-promtail.batch-wait=2s', { logBatch: { waitMs: 2000 } }],
    ['--clymene-promtail.Batch-wait=2s', { logBatch: { waitMs: 2000 } }],
    ['--clymene-promtail.batch-size-bytes=10', { logBatch: { bytes: 10 } }],
    ['--clymene-promtail.Batch-size-bytes=10', { logBatch: { bytes: 10 } }],
    ['--clymene-promtail.min-backoff=1s', { logBackoff: { minMs: 1000 } }],
    ['--clymene-promtail.max-backoff=1m', { logBackoff: { maxMs: 60_000 } }],
    ['--clymene-promtail.external-labels=a=b', { logLabels: [['a', 'b']] }],
    ['--logs.max-line-bytes=64KiB', { reading: expect.objectContaining({ maxLineBytes: 65_536 }) }],
    ['--logs.long-lines=split', { reading: expect.objectContaining({ longLines: 'split' }) }],
    ['--logs.max-files=7', { reading: expect.objectContaining({ maxFiles: 7 }) }],
    ['--logs.max-search-entries=8', { reading: expect.objectContaining({ maxSearchEntries: 8 }) }],
    ['--logs.max-open-files=9', { reading: expect.objectContaining({ maxOpenFiles: 9 }) }],
    ['--logs.from=end', { reading: expect.objectContaining({ from: 'end' }) }],
    [
      '--logs.max-label-names=3',
      { reading: expect.objectContaining({ labelLimits: { maxNames: 3, maxNameBytes: 1024, maxValueBytes: 2048, action: 'drop' } }) },
    ],
    [
      '--logs.label-limit-action=metadata',
      { reading: expect.objectContaining({ labelLimits: { maxNames: 15, maxNameBytes: 1024, maxValueBytes: 2048, action: 'metadata' } }) },
    ],
    ['--logs.max-metric-series=7', { maxStageSeries: 7 }],
    ['--buffer.dir=/b', { buffer: { directory: '/b' } }],
    ['--buffer.max-bytes=1GiB', { buffer: { maxBytes: 1024 ** 3 } }],
    ['--buffer.max-age=1h', { buffer: { maxAgeMs: 3_600_000 } }],
    ['--buffer.full=refuse', { buffer: { full: 'refuse' } }],
    ['--buffer.drain-timeout=1s', { buffer: { drainTimeoutMs: 1000 } }],
  ])('%s', (flag, expected) => {
    expect(setup([flag])).toMatchObject(expected)
  })

  test('which of several agents this is', () => {
    const flags = ['--agent.shard.count=3', '--agent.shard.index=clymene-agent-2']
    expect(setup(flags)).toMatchObject({ scraping: { shard: { index: 2, count: 3 } } })
  })
})

test.each([
  ['the node of the manifests', { HOSTNAME: 'node-1' }, 'node-1'],
  ['an empty name is none', { HOSTNAME: '' }, hostname()],
])('whose files these are: %s', (_name, env, expected) => {
  expect(setup([], env).hostName).toBe(expected)
})

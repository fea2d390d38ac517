import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { expect, test, vi } from 'vitest'

import { assembleAgent } from '../assemble.ts'
import { readLogConfigs } from '../read-configs.ts'
import { createFakeSink } from '../testing/fake-sink.ts'

test('of the readers of several storages one shows and counts what stages do, in a run that sends, and over a reload, which may change a metric', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-inspect-'))
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const text = `
positions: {filename: ${folder}/positions.yaml}
scrape_configs:
  - job_name: j
    pipeline_stages: [cri, {metrics: {lines: {type: Counter, config: {match_all: true, action: inc}}}}, {drop: {expression: '^no'}}]
    static_configs: [{labels: {__path__: ${folder}/a.log, long: ${'l'.repeat(3000)}}}]
`
  writeFileSync(join(folder, 'a.log'), 'one\n')
  const [first, second] = [createFakeSink(), createFakeSink()]
  const seen: string[] = []
  const logConfigs = readLogConfigs([{ path: 'p.yml', text }], context)
  const metrics = createMetrics()
  const agent = await assembleAgent({
    agentId: 'a',
    tenant: '',
    cluster: 'c',
    streams: 1,
    scrapeConfigs: [],
    logConfigs,
    logLabels: [],
    logBatch: { bytes: 1024 * 1024, waitMs: 10 },
    logBackoff: {},
    reading: { maxLineBytes: 10, inspect: ({ stage, after }) => void seen.push(`${stage}: ${after?.line}`) },
    bufferedSources: [],
    buffer: {
      directory: join(folder, 'buffer'),
      maxBytes: 32 * 1024 ** 2,
      maxAgeMs: 3_600_000,
      full: 'expire',
      fsyncIntervalMs: 0,
      drainTimeoutMs: 5000,
    },
    sinks: new Map([
      [
        'logs',
        [
          { storage: 'first', sink: first, storesParts: false },
          { storage: 'second', sink: second, storesParts: false },
        ],
      ],
    ]),
    host: { ...context, metrics, readiness: createReadiness(), version: { version: '1', buildTime: '' } },
  })
  const stop = new AbortController()
  const running = agent.run(stop.signal)
  const bothHave = (...lines: readonly string[]) =>
    vi.waitFor(() => expect([first.records(), second.records()]).toEqual([lines, lines]), { timeout: 20_000 })
  await bothHave('one')
  appendFileSync(join(folder, 'a.log'), `two${'.'.repeat(20)}\nno\n`)
  await bothHave('one', 'two.......')
  expect(seen).toEqual([
    'cri: one',
    'metrics: one',
    'drop: one',
    'cri: two.......',
    'metrics: two.......',
    'drop: two.......',
    'cri: no',
    'metrics: no',
    'drop: undefined',
  ])
  await agent.reload({ scrapeConfigs: [], logConfigs })
  appendFileSync(join(folder, 'a.log'), 'three\n')
  await bothHave('one', 'two.......', 'three')
  const page = await metrics.registry.metrics()
  expect(page).toMatch(/^promtail_custom_lines\{.*\} 4$/m)
  expect(page).toContain('clymene_agent_dropped_lines_total{reason="drop_stage"} 1\n')
  expect(page).toContain('clymene_agent_line_label_limit_lines_total{label="long",limit="value_bytes",action="drop"} 3\n')
  expect(page).toContain('clymene_agent_file_truncated_lines_total 1\n')
  const changed = text.replace(
    '{type: Counter, config: {match_all: true, action: inc}}',
    '{type: Gauge, source: filename, config: {action: inc}}',
  )
  await agent.reload({ scrapeConfigs: [], logConfigs: readLogConfigs([{ path: 'p.yml', text: changed }], context) })
  appendFileSync(join(folder, 'a.log'), 'four\n')
  await bothHave('one', 'two.......', 'three', 'four')
  expect(await metrics.registry.metrics()).toMatch(/^# TYPE promtail_custom_lines gauge\npromtail_custom_lines\{.*\} 1$/m)
  stop.abort()
  await running
  await agent.close()
  rmSync(folder, { recursive: true })
}, 60_000)

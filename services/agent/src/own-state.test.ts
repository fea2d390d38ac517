import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { PermanentError } from '@clymene/model'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { assembleAgent } from './assemble.ts'
import { readLogConfigs } from './read-configs.ts'
import { createFakeSink, recordsOf } from './testing/fake-sink.ts'

const POLL = { timeout: 20_000, interval: 10 }

test('a glob over everything does not read positions, buffer, books and dead letters of the agent itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-own-state-'))
  const write = (line: string): void => appendFileSync(join(folder, 'app.log'), `${line}\n`)
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const text = `
positions: {filename: ${folder}/positions.yaml, sync_period: 10ms}
target_config: {sync_period: 20ms}
scrape_configs: [{job_name: j, static_configs: [{labels: {__path__: ${folder}/**}}]}]
`
  const [loki, other] = [createFakeSink(), createFakeSink()]
  loki.failure = (deliveries) => (deliveries.flatMap(recordsOf).includes('refused') ? new PermanentError('no', { status: 400 }) : undefined)
  write('refused')
  const agent = await assembleAgent({
    agentId: 'a',
    tenant: '',
    cluster: 'c',
    streams: 1,
    scrapeConfigs: [],
    logConfigs: readLogConfigs([{ path: 'p.yml', text }], context),
    logLabels: [],
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
    sinks: new Map([
      [
        'logs',
        [
          { storage: 'loki', sink: loki, storesParts: false },
          { storage: 'elasticsearch', sink: other, storesParts: false },
        ],
      ],
    ]),
    host: { ...context, metrics: createMetrics(), readiness: createReadiness(), version: { version: '1', buildTime: '' } },
  })
  const stop = new AbortController()
  const running = agent.run(stop.signal)
  try {
    await expect.poll(() => readdirSync(join(folder, 'buffer', 'topics')), POLL).toContain('logs-dead-letter')
    for (let line = 1; line <= 5; line++) {
      write(String(line))
      await expect.poll(() => loki.records().includes(String(line)), POLL).toBe(true)
    }
    const kept = ['', '.bak', '.lock', '.loki', '.loki.bak', '.elasticsearch'].map((end) => `positions.yaml${end}`)
    await expect.poll(() => readdirSync(folder), POLL).toEqual(expect.arrayContaining(kept))
    await expect.poll(() => other.records().includes('5'), POLL).toBe(true)
    expect(loki.records()).toEqual(['1', '2', '3', '4', '5'])
    expect(other.records()).toEqual(['refused', '1', '2', '3', '4', '5'])
  } finally {
    stop.abort()
    await running
    await agent.close()
    rmSync(folder, { recursive: true })
  }
}, 60_000)

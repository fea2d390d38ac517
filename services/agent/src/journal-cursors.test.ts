import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'

import { assembleAgent } from './assemble.ts'
import { readLogConfigs } from './read-configs.ts'
import { createFakeSink } from './testing/fake-sink.ts'

const TEXT = (folder: string): string => `
positions: {filename: ${folder}/positions.yaml, sync_period: 20ms}
scrape_configs:
  - job_name: j
    journal: {labels: {job: journal}}
  - job_name: f
    static_configs: [{labels: {__path__: ${folder}/a.log}}]
`

test("cursors of the journal are kept in Promtail's positions file, too, for it to go on from", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-cursors-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'positions.yaml'), 'positions:\n  cursor-j: "s=1"\n  cursor-other: "s=7"\n')
  writeFileSync(join(folder, 'a.log'), 'one\n')
  const entry = { __CURSOR: 's=2', __REALTIME_TIMESTAMP: '1704067201000000', MESSAGE: 'two' }
  const journalctl = join(folder, 'journalctl')
  writeFileSync(journalctl, `#!/bin/sh\necho "$@" > ${folder}/asked\necho '${JSON.stringify(entry)}'\nexec sleep 3600\n`)
  chmodSync(journalctl, 0o755)
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const sink = createFakeSink()
  const agent = await assembleAgent({
    agentId: 'a',
    tenant: '',
    cluster: 'c',
    streams: 1,
    scrapeConfigs: [],
    logConfigs: readLogConfigs([{ path: 'p.yml', text: TEXT(folder) }], context),
    logLabels: [],
    logBatch: { bytes: 1024 * 1024, waitMs: 10 },
    logBackoff: {},
    bufferedSources: [],
    journalctl,
    buffer: {
      directory: join(folder, 'buffer'),
      maxBytes: 32 * 1024 ** 2,
      maxAgeMs: 3_600_000,
      full: 'expire',
      fsyncIntervalMs: 0,
      drainTimeoutMs: 5000,
    },
    sinks: new Map([['logs', [{ storage: 'loki', sink, storesParts: false }]]]),
    host: { ...context, metrics: createMetrics(), readiness: createReadiness(), version: { version: '1', buildTime: '' } },
  })
  const end = new AbortController()
  const running = agent.run(end.signal)
  await vi.waitFor(() => expect(sink.records().toSorted()).toEqual(['one', 'two']), { timeout: 20_000, interval: 5 })
  const positions = (): unknown => parse(readFileSync(join(folder, 'positions.yaml'), 'utf8'))
  const reached = { positions: { 'cursor-j': 's=2', 'cursor-other': 's=7', [join(folder, 'a.log')]: '4' } }
  await vi.waitFor(() => expect(positions()).toEqual(reached), { timeout: 20_000, interval: 5 })
  end.abort()
  await running
  await agent.close()
  expect(positions()).toEqual(reached)
  expect(readFileSync(join(folder, 'asked'), 'utf8')).toContain('s=1')
}, 60_000)

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { assembleAgent } from './assemble.ts'
import { readLogConfigs } from './read-configs.ts'
import { createFakeSink, type FakeSink } from './testing/fake-sink.ts'

let folder = ''
let stop: (() => Promise<void>) | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-slowest-'))
  writeFileSync(join(folder, 'a.log'), 'one\ntwo\n')
})
afterEach(async () => {
  await stop?.()
  stop = undefined
  rmSync(folder, { recursive: true })
})

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const at = (name: string): string => join(folder, name)

async function start(sinks: Readonly<Record<string, FakeSink>>) {
  const text = `
positions: {filename: ${at('positions.yaml')}, sync_period: 20ms}
scrape_configs: [{job_name: j, static_configs: [{labels: {__path__: ${at('a.log')}}}]}]
`
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
      directory: at('buffer'),
      maxBytes: 32 * 1024 ** 2,
      maxAgeMs: 3_600_000,
      full: 'expire',
      fsyncIntervalMs: 0,
      drainTimeoutMs: 5000,
    },
    sinks: new Map([['logs', Object.entries(sinks).map(([storage, sink]) => ({ storage, sink, storesParts: false }))]]),
    host: { ...context, metrics: createMetrics(), readiness: createReadiness(), version: { version: '1', buildTime: '' } },
  })
  const end = new AbortController()
  const running = agent.run(end.signal)
  stop = async () => {
    stop = undefined
    end.abort()
    await running
    await agent.close()
  }
  return stop
}

/** The offset of the only file, as Promtail reads it. */
const offsetIn = (name: string): string | undefined => {
  if (!existsSync(at(name))) return undefined
  return /a\.log[^\n]*: "(\d+)"/.exec(readFileSync(at(name), 'utf8'))?.[1]
}
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 })

test('the file of the configuration has the positions of the storage that is furthest behind; one reader goes on from it', async () => {
  const [fast, slow] = [createFakeSink(), createFakeSink()]
  const gate = Promise.withResolvers<void>()
  slow.gate = gate.promise
  const end = await start({ fast, slow })
  await eventually(() => expect(offsetIn('positions.yaml.fast')).toBe('8'))
  expect(offsetIn('positions.yaml')).not.toBe('8')
  gate.resolve()
  await eventually(() => expect([offsetIn('positions.yaml.slow'), offsetIn('positions.yaml')]).toEqual(['8', '8']))
  await end()

  const alone = createFakeSink()
  writeFileSync(at('a.log'), 'three\n', { flag: 'a' })
  await start({ alone })
  await eventually(() => expect(alone.records()).toEqual(['three']))
}, 60_000)

test('a storage that is taken out and put in again gets what it has not, and none gets a line twice', async () => {
  const [loki, elasticsearch] = [createFakeSink(), createFakeSink()]
  const runs: readonly (readonly [line: string, sinks: Readonly<Record<string, FakeSink>>])[] = [
    ['1', { loki }],
    ['2', { loki, elasticsearch }],
    ['3', { loki }],
    ['4', { loki, elasticsearch }],
    ['5', { elasticsearch }],
    ['6', { loki }],
    ['7', { elasticsearch, loki }],
  ]
  writeFileSync(at('a.log'), '')
  for (const [line, sinks] of runs) {
    writeFileSync(at('a.log'), `${line}\n`, { flag: 'a' })
    const end = await start(sinks)
    for (const sink of Object.values(sinks)) await eventually(() => expect(sink.records()).toContain(line))
    await end()
  }
  expect(loki.records()).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  expect(elasticsearch.records()).toEqual(['2', '3', '4', '5', '6', '7'])
}, 60_000)

test("each reader begins where Promtail's file stands, until it has positions of its own", async () => {
  writeFileSync(at('positions.yaml'), `positions:\n  ${at('a.log')}: "4"\n`)
  const [a, b] = [createFakeSink(), createFakeSink()]
  await start({ a, b })
  await eventually(() => expect([a.records(), b.records()]).toEqual([['two'], ['two']]))
}, 60_000)

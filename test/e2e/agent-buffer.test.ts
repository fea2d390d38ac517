import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { JoinedLedger } from '@clymene/ledger'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { writeScrapeConfig } from './agent-config.ts'
import { makeWorld, node, root, startAllInOne, type AllInOne } from './all-in-one.ts'
import { scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { startCountedTarget, type CountedTarget } from './world.ts'

/*
 * An agent whose gateway is away, that is killed twice meanwhile, the second time in the middle of a write. The gateway is that of an
 * all-in-one: bus, ingester and store stand behind it, and its books.
 */
const WAIT = { timeout: 60_000, interval: 50 }
const KILLS = 2
const cli = join(root, 'services/clymene/bin/clymene.mjs')

const world = makeWorld('buffer')
const folder = mkdtempSync(join(tmpdir(), 'clymene-agent-buffer-'))
const partition = join(folder, 'buffer', 'topics', 'metrics', '0')
let gateway: AllInOne
let agent: Service
let target: CountedTarget

beforeAll(async () => {
  target = await startCountedTarget()
  gateway = await startAllInOne({ flags: [...world.flags, '--host.interval=0'] })
  const url = `http://127.0.0.1:${gateway.ports['gateway.http-server.host-port']}`
  agent = await startService('agent', {
    // It is killed while its gateway is away, and not ready then.
    until: 'alive',
    environment: { STORAGE_TYPE: 'gateway' },
    flags: [
      `--config.file=${writeScrapeConfig(folder, target.address)}`,
      '--cluster=c1',
      '--agent.id=killed',
      `--buffer.dir=${join(folder, 'buffer')}`,
      '--buffer.fsync-interval=1s',
      '--http.port=127.0.0.1:0',
      '--gateway.service-type=http',
      `--gateway.http-client.url=${url}/api/metrics`,
      `--gateway.http-client.logs.url=${url}/api/logs`,
    ],
  })
})
afterAll(async () => {
  await agent?.stop()
  await gateway?.stop()
  await target?.close()
  world.remove()
  rmSync(folder, { recursive: true, force: true })
})

const waiting = (): Promise<number> => agent.metric('clymene_buffer_waiting_records', { topic: 'metrics', group: 'gateway' })
const stored = async (): Promise<readonly number[]> => {
  const to = Date.now() + 1000
  const series = await gateway.range({ name: 'counted_total', match: 'shape="plain"', fn: 'raw', from: to - 3_600_000, to })
  return series.flatMap(({ points }) => points.map(([, value]) => value)).toSorted((a, b) => a - b)
}
const scraped = async (more: number): Promise<void> => {
  const before = await waiting()
  await expect.poll(waiting, WAIT).toBeGreaterThanOrEqual(before + more)
}

test('an agent outlives an outage of its gateway, two kills and a write that was cut short: every scrape is stored once', async () => {
  await expect.poll(async () => (await stored()).length, WAIT).toBeGreaterThan(0)
  await gateway.halt()
  for (let kill = 1; kill <= KILLS; kill++) {
    await scraped(2)
    expect(await agent.metric('clymene_buffer_oldest_waiting_seconds', { group: 'gateway' })).toBeGreaterThan(0)
    await agent.kill()
    const newest = join(partition, readdirSync(partition).toSorted().at(-1) ?? '')
    // What a write leaves of which only a part reached the file: the beginning of a message.
    if (kill === KILLS) appendFileSync(newest, readFileSync(newest).subarray(32, 132))
    await agent.restart()
  }
  await expect.poll(agent.log, WAIT).toContain('the last write was cut short')
  await scraped(1)
  await gateway.restart()
  await expect.poll(waiting, WAIT).toBe(0)
  await scrapesTaken(agent, target)
  await expect.poll(waiting, WAIT).toBe(0)

  const [found, served] = [await stored(), target.served()]
  expect(found).toEqual([...new Set(found)])
  // One that was being fetched when the process was killed is nobody's, and one that the target gave just before it refused.
  expect(found.length).toBeGreaterThanOrEqual(served - KILLS - 1)
  expect(found.length).toBeLessThanOrEqual(served)
})

test('the books say the same: what the agent has counted is stored, none is missing and none came twice', async () => {
  // The refused scrapes go on: one of them may be between the two when they are asked.
  const { senders, findings } = await vi.waitFor(() => {
    const joined = readLedger()
    const sender = senderOf(joined)
    expect(sender).toMatchObject({ cluster: 'c1', buffered: 0, dropped: 0, inBus: sender?.acknowledged })
    return joined
  }, WAIT)
  expect(findings.filter(({ level }) => level === 'loss')).toEqual([])
  expect(senderOf({ senders, findings })?.acknowledged).toBeGreaterThanOrEqual(target.served() - KILLS - 1)
})

type Ledger = Pick<JoinedLedger, 'senders' | 'findings'>
const senderOf = ({ senders }: Ledger) => senders.find(({ agent: name }) => name === 'killed')

function readLedger(): Ledger {
  const urls = [
    agent.url,
    ...(['gateway', 'ingester'] as const).map((name) => `127.0.0.1:${gateway.ports[`${name}.admin.http.host-ports`]}`),
  ]
  const words = [cli, 'ledger', `--url=${urls.join()}`, '--kind=metrics', '--cluster=c1', '--output=json']
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: 'utf8' })
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: '' })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the tool writes
  return JSON.parse(stdout) as JoinedLedger
}

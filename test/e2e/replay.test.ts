import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Envelope } from '@clymene/model'
import { compress, encodeWriteRequest } from '@clymene/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, startKafka, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { openKafkaBus, withAdmin } from './kafka-fixture.ts'
import { runClymene, type Ended } from './run-clymene.ts'
import { runReplay } from './run-replay.ts'
import { startService, type Service } from './service.ts'
import { samplesIn } from './stores.ts'

const WAIT = { timeout: 60_000, interval: 250 }
const NEWEST_MS = Date.now() - 1000

/** One sample, as an agent numbers it; the time is that many seconds before the newest. */
function message(sequence: number, name: string, cluster: string, secondsBefore: number): Envelope {
  const labels = [['__name__', name] as const, ['cluster', cluster] as const]
  const samples = [{ timestampMs: NEWEST_MS - secondsBefore * 1000, value: sequence }]
  const headers = { agent: 'a', epoch: 1, sequence, cluster, records: 1, scanned: true }
  return { kind: 'metrics', key: `/${cluster}/a/`, value: compress(encodeWriteRequest([{ labels, samples }])), headers }
}

describeWithEngines(['kafka', 'prometheus'], 'samples that Prometheus refused as out of order', () => {
  let kafka: Kafka
  let prometheus: Engine
  let ingester: Service

  beforeAll(async () => {
    ;[kafka, prometheus] = await Promise.all([startKafka({ partitions: 2 }), startPrometheus()])
    await produce([message(1, 'late', 'c1', 0), message(1, 'late', 'c2', 0)])
    ingester = await startService('ingester', {
      flags: ['--storage-type=prometheus', `--kafka.consumer.brokers=${kafka.bootstrap}`, write()],
    })
  })
  afterAll(async () => {
    await ingester?.stop()
    await Promise.all([kafka?.stop(), prometheus?.stop()])
  })

  async function produce(messages: readonly Envelope[]): Promise<void> {
    const bus = openKafkaBus(kafka.bootstrap)
    await bus.produce('clymene', messages, AbortSignal.timeout(60_000))
    await bus.close()
  }
  const write = (): string => `--prometheus.remote.url=${prometheus.url}/api/v1/write`
  const replay = (verb: string, ...flags: readonly string[]): Promise<Ended> =>
    runReplay([verb, `--kafka.consumer.brokers=${kafka.bootstrap}`, ...flags])
  const sending = (): readonly string[] => [`--kafka.consumer.brokers=${kafka.bootstrap}`, '--storage=prometheus', write()]
  const send = (...flags: readonly string[]): Promise<Ended> => runReplay(['send', ...sending(), ...flags])
  const valuesOf = async (cluster: string): Promise<readonly number[]> =>
    (await samplesIn(prometheus.url, `late{cluster="${cluster}"}`)).flatMap(({ samples }) => samples.map(([, value]) => value))

  test('are listed, each with where it stood and why', async () => {
    // What came before the ingester did might be a repeat, what comes now is not.
    await expect.poll(() => ingester.metric('clymene_delivery_messages_total'), WAIT).toBe(2)
    await produce(['c1', 'c2'].flatMap((cluster) => [message(2, 'late', cluster, 60), message(3, 'late', cluster, 30)]))
    await expect.poll(() => ingester.metric('clymene_delivery_dead_letters_total'), WAIT).toBe(4)
    const kafkaFlag = `--kafka.consumer.brokers=${kafka.bootstrap}`
    const { status, stdout, stderr } = await runClymene(['replay', 'list', '--cluster=c1', kafkaFlag])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '2 letters, 2 records\n' })
    expect(stdout).toEqual([
      expect.stringMatching(
        /^\d{4}-\d\d-\d\dT\S+Z {2}prometheus {2}c1 {2}clymene\/\d\/\d+ {2}1 record {2}400 {2}- {2}.*out of order sample/,
      ),
      expect.stringMatching(/ {2}c1 {2}clymene\/\d\/\d+ {2}1 record {2}400 {2}- {2}.*out of order sample/),
    ])
    expect((await replay('list', '--reason=/^out of bounds/')).stdout).toEqual([])
  })

  test('are shown with what is in them, and summed up', async () => {
    const shown = await replay('show', '--cluster=c2')
    const series = shown.stdout.filter((line) => line.includes('late{'))
    expect(series).toEqual([
      `    late{cluster="c2"} 2 ${new Date(NEWEST_MS - 60_000).toISOString()}`,
      `    late{cluster="c2"} 3 ${new Date(NEWEST_MS - 30_000).toISOString()}`,
    ])
    const { stdout } = await replay('summary')
    expect(stdout.map((line) => line.split(/ {2,}/).slice(0, 6))).toEqual([
      ['letters', 'records', 'sent', 'storage', 'cluster', 'status'],
      ['2', '2', '0', 'prometheus', 'c1', '400'],
      ['2', '2', '0', 'prometheus', 'c2', '400'],
    ])
  })

  test('are only told of by --dry-run', async () => {
    const { status, stdout, stderr } = await send('--dry-run', '--cluster=c1')
    expect({ status, count: stdout.length, stderr }).toEqual({
      status: 0,
      count: 2,
      stderr: 'would send 2 letters (2 records) to prometheus\n',
    })
    expect(stdout[0]).toMatch(/^would send: /)
    expect(await valuesOf('c1')).toEqual([1])
  })

  test('are refused again without a window for them: told with what helps, status 1, and they stay', async () => {
    const { status, stdout, stderr } = await runClymene(['replay', 'send', ...sending(), '--cluster=c1'])
    expect(status).toBe(1)
    expect(stdout.map((line) => line.slice(0, 15))).toEqual(['refused again: ', 'refused again: '])
    expect(stderr).toContain('out_of_order_time_window')
    expect(stderr).toContain('sent 0 letters (0 records) to prometheus, refused again 2 letters (2 records)')
  })

  test('are in Prometheus once it takes them: only those that are asked for, each once', async () => {
    await allowOutOfOrder()
    expect(await send('--cluster=c1', '--rate=100')).toEqual({
      status: 0,
      stdout: [],
      stderr: 'sent 2 letters (2 records) to prometheus\n',
    })
    await expect.poll(() => valuesOf('c1'), WAIT).toEqual([2, 3, 1])
    expect(await valuesOf('c2')).toEqual([1])

    expect(await send()).toEqual({ status: 0, stdout: [], stderr: expect.stringContaining('sent 2 letters (2 records) to prometheus\n') })
    expect(await send()).toMatchObject({ status: 0, stderr: expect.stringContaining('sent 0 letters (0 records) to prometheus\n') })
    expect(await send('--again', '--cluster=c2')).toMatchObject({ status: 0, stderr: 'sent 2 letters (2 records) to prometheus\n' })
    await expect.poll(() => valuesOf('c2'), WAIT).toEqual([2, 3, 1])
    expect((await replay('list')).stdout.map((line) => line.split('  ')[6])).toEqual(['sent', 'sent', 'sent', 'sent'])
  })

  test('they are booked apart in the ledger', async () => {
    const replays = async (): Promise<unknown> => {
      const report: { readonly replays: readonly { readonly cluster: string }[] } = JSON.parse(
        await (await fetch(`${ingester.url}/api/ledger`)).text(),
      )
      return report.replays.toSorted((a, b) => a.cluster.localeCompare(b.cluster))
    }
    const account = (cluster: string) => ({
      kind: 'metrics',
      storage: 'prometheus',
      topic: 'clymene',
      cluster,
      replayed: { messages: 2, records: 2 },
      refused: { messages: 0, records: 0 },
    })
    await expect.poll(replays, WAIT).toEqual([account('c1'), account('c2')])
  })

  test('no group is left behind, and the groups of the ingester stand where they stood', async () => {
    const groups = await withAdmin(kafka.bootstrap, async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId))
    expect(groups).toEqual(['clymene-prometheus-clymene'])
    expect(await ingester.metric('clymene_delivery_messages_total')).toBe(6)
  })

  async function allowOutOfOrder(): Promise<void> {
    const file = join(prometheus.directory, 'prometheus.yml')
    const configuration: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...configuration, storage: { tsdb: { out_of_order_time_window: '30m' } } }))
    process.kill(prometheus.pid, 'SIGHUP')
    await expect.poll(async () => (await fetch(`${prometheus.url}/api/v1/status/config`)).text(), WAIT).toContain('30m')
  }
})

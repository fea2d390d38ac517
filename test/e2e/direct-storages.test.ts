import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { describeWithEngines, freePort, startElasticsearch, startLoki, startPrometheus, type Engine } from '../engines/index.ts'
import { writeLogConfig, writeScrapeConfig } from './agent-config.ts'
import { linesInElasticsearch, linesInLoki, samplesInElasticsearch, samplesInPrometheus, scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { linesIn, samplesIn } from './stores.ts'
import { createNumberedLog, numbersTo, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }

describeWithEngines(['prometheus', 'loki', 'elasticsearch'], 'storages without a bus', () => {
  let prometheus: Engine
  /** A second Prometheus behind the storage `cortex`: two storages for the same samples. */
  let second: Engine
  let loki: Engine
  let elasticsearch: Engine
  beforeAll(async () => {
    ;[prometheus, second, loki, elasticsearch] = await Promise.all([
      startPrometheus(),
      startPrometheus(),
      startLoki(),
      startElasticsearch(),
    ])
  })
  afterAll(() => Promise.all([prometheus, second, loki, elasticsearch].map((engine) => engine?.stop())))

  const storageFlags = () => [
    `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
    `--loki.client.url=${loki.url}/loki/api/v1/push`,
    `--es.server-urls=${elasticsearch.url}`,
  ]

  describe('gateway', () => {
    let gateway: Service
    let url: string
    beforeAll(async () => {
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      gateway = await startService('gateway', {
        environment: { STORAGE_TYPE: 'prometheus,cortex,loki' },
        flags: [
          ...storageFlags().filter((flag) => !flag.startsWith('--es.')),
          `--cortex.distributor.url=${second.url}/api/v1/write`,
          `--gateway.http-server.host-port=127.0.0.1:${port}`,
          `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
        ],
      })
    })
    afterAll(() => gateway?.stop())

    const valuesIn = async (store: Engine, name: string) =>
      (await samplesIn(store.url, name)).flatMap(({ samples }) => samples.map(([, value]) => value))
    const textsIn = async (job: string) => (await linesIn(loki.url, `{job="${job}"}`)).map(({ line }) => line)
    const sendSamples = (...samples: readonly Sample[]) => post(`${url}/api/v1/write`, writeRequest(samples))
    const sendLine = (job: string, line: string, timestampMs: number) =>
      post(`${url}/loki/api/v1/push`, pushRequest(job, line, timestampMs))

    test('204 says that every storage of the kind has it', async () => {
      expect((await sendSamples({ name: 'all', value: 1 })).status).toBe(204)
      expect([await valuesIn(prometheus, 'all'), await valuesIn(second, 'all')]).toEqual([[1], [1]])
      expect((await sendLine('all', 'one', Date.now())).status).toBe(204)
      expect(await textsIn('all')).toEqual(['one'])
    })

    test.each(['prometheus', 'second'])('%s is away: 503, and what the sender sends again is stored once', async (away) => {
      const store = away === 'second' ? second : prometheus
      const sample = { name: `while_${away}_is_away`, value: 7, timestampMs: Date.now() }
      await store.halt()
      const refused = await sendSamples(sample)
      expect(refused).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
      expect(refused.text).toContain(new URL(store.url).host)
      await store.restart()
      await expect.poll(async () => (await sendSamples(sample)).status, WAIT).toBe(204)
      expect([await valuesIn(prometheus, sample.name), await valuesIn(second, sample.name)]).toEqual([[7], [7]])
    })

    test('Loki is away: lines are told to come again and stored once, samples go on', async () => {
      const now = Date.now()
      await loki.halt()
      expect(await sendLine('away', 'again', now)).toMatchObject({ status: 503, retryAfter: expect.stringMatching(/^\d+$/) })
      expect((await sendSamples({ name: 'while_loki_is_away', value: 1 })).status).toBe(204)
      await loki.restart()
      await expect.poll(async () => (await sendLine('away', 'again', now)).status, WAIT).toBe(204)
      expect(await textsIn('away')).toEqual(['again'])
    })

    test('one series that is refused: 400 names it, the others are stored everywhere', async () => {
      const now = Date.now()
      expect((await sendSamples({ name: 'refused_part', value: 2, timestampMs: now })).status).toBe(204)
      const { status, text } = await sendSamples(
        { name: 'good_before', value: 1, timestampMs: now },
        { name: 'refused_part', value: 1, timestampMs: now - 1000 },
        { name: 'good_after', value: 1, timestampMs: now },
      )
      expect(status).toBe(400)
      expect(text).toMatch(/prometheus refused refused_part\{cluster="c1"\}: .*out of order/)
      expect(text).toMatch(/cortex refused refused_part\{cluster="c1"\}: .*out of order/)
      expect(text).not.toMatch(/good_/)
      for (const store of [prometheus, second]) {
        expect(await valuesIn(store, 'good_before')).toEqual([1])
        expect(await valuesIn(store, 'refused_part')).toEqual([2])
        expect(await valuesIn(store, 'good_after')).toEqual([1])
      }
    })
  })

  describe('agent', () => {
    const directory = mkdtempSync(join(tmpdir(), 'clymene-direct-'))
    const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 300)
    let target: CountedTarget
    let agent: Service
    beforeAll(async () => {
      target = await startCountedTarget()
      agent = await startService('agent', {
        environment: { STORAGE_TYPE: 'prometheus,loki,elasticsearch' },
        flags: [
          ...storageFlags(),
          `--config.file=${writeScrapeConfig(directory, target.address)}`,
          `--promtail.config.file=${writeLogConfig(directory)}`,
          `--buffer.dir=${join(directory, 'buffer')}`,
          '--cluster=c1',
          // So that writes into a paused Elasticsearch fail and are tried again while it is away, and not long after it is back.
          '--es.timeout=3s',
          '--clymene-promtail.max-backoff=2s',
          `--http.port=127.0.0.1:${await freePort()}`,
        ],
      })
    })
    afterAll(async () => {
      await agent?.stop()
      await target?.close()
      rmSync(directory, { recursive: true, force: true })
    })

    test('writes to each at its own pace: those that are there go on, and who was away misses nothing', async () => {
      const go = (scrapes: number) => {
        const until = target.served() + scrapes
        return expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(until)
      }
      const has = async (count: Promise<number[]>) => (await count).length
      await go(4)
      await expect.poll(() => linesInLoki(loki.url), WAIT).toEqual(numbersTo(log.written()))

      await Promise.all([prometheus.halt(), loki.halt()])
      await go(4)
      const [takenMeanwhile, writtenMeanwhile] = [await agent.metric('clymene_agent_scrapes_total', { result: 'ok' }), log.written()]
      await expect.poll(() => has(linesInElasticsearch(elasticsearch.url)), WAIT).toBeGreaterThanOrEqual(writtenMeanwhile)
      await expect.poll(() => has(samplesInElasticsearch(elasticsearch.url)), WAIT).toBeGreaterThanOrEqual(takenMeanwhile)
      await Promise.all([prometheus.restart(), loki.restart(), elasticsearch.pause()])
      await go(4)
      await expect.poll(() => has(linesInLoki(loki.url)), WAIT).toBeGreaterThan(writtenMeanwhile)
      await expect.poll(() => has(samplesInPrometheus(prometheus.url)), WAIT).toBeGreaterThan(takenMeanwhile)
      elasticsearch.resume()

      await expect.poll(agent.readyz, WAIT).toMatchObject({ status: 200 })
      await expect.poll(() => linesInElasticsearch(elasticsearch.url), WAIT).toEqual(numbersTo(log.written()))
      const [taken, written] = [await scrapesTaken(agent, target), numbersTo(log.written())]
      await expect.poll(() => samplesInPrometheus(prometheus.url), WAIT).toHaveLength(taken)
      await expect.poll(() => samplesInElasticsearch(elasticsearch.url), WAIT).toHaveLength(taken)
      await expect.poll(() => linesInLoki(loki.url), WAIT).toEqual(written)
      await expect.poll(() => linesInElasticsearch(elasticsearch.url), WAIT).toEqual(written)
    })
  })
})

type Sample = { readonly name: string; readonly value: number; readonly timestampMs?: number }

const writeRequest = (samples: readonly Sample[]): Buffer =>
  compress(
    encodeWriteRequest(
      samples.map(({ name, value, timestampMs = Date.now() }) => ({
        labels: [
          ['__name__', name],
          ['cluster', 'c1'],
        ],
        samples: [{ timestampMs, value }],
      })),
    ),
  )

const pushRequest = (job: string, line: string, timestampMs: number): Buffer =>
  compress(encodePushRequest([{ labels: [['job', job]], entries: [{ timestampNs: BigInt(timestampMs) * 1_000_000n, line }] }]))

async function post(url: string, body: Buffer) {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
  const response = await fetch(url, { method: 'POST', body: new Uint8Array(body), headers })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
}

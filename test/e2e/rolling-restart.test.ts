import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LedgerReport, PartitionAccount } from '@clymene/ledger'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startKafka, startLoki, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { writeLogConfig, writeScrapeConfig } from './agent-config.ts'
import { linesInLoki, samplesInPrometheus } from './collected.ts'
import { startPersistentSenders, type PersistentSenders } from './persistent-senders.ts'
import { startService, type Service } from './service.ts'
import { samplesIn } from './stores.ts'
import { createNumberedLog, numbersTo, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 100 }
const SENDERS = 4
/** Samples or lines of one body: what may be written twice, for each partition and each restart of who reads it. */
const BODY_RECORDS = 200

describeWithEngines(['kafka', 'prometheus', 'loki'], 'every service restarted under load, one after the other', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-rolling-'))
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 1000)
  let kafka: Kafka
  let prometheus: Engine
  let loki: Engine
  let target: CountedTarget
  let gateways: readonly Service[]
  let ingesters: readonly Service[]
  let agent: Service
  let senders: PersistentSenders
  let writing: NodeJS.Timeout

  beforeAll(async () => {
    ;[kafka, prometheus, loki, target] = await Promise.all([
      startKafka({ partitions: 3 }),
      startPrometheus(),
      startLoki(),
      startCountedTarget(),
    ])
    const ports = [await freePort(), await freePort()]
    const startGateway = async (port: number) =>
      startService('gateway', {
        environment: { STORAGE_TYPE: 'kafka' },
        flags: [
          `--kafka.producer.brokers=${kafka.bootstrap}`,
          `--gateway.http-server.host-port=127.0.0.1:${port}`,
          `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
        ],
      })
    const startIngester = () =>
      startService('ingester', {
        until: 'alive',
        environment: { STORAGE_TYPE: 'prometheus,loki' },
        flags: [
          `--kafka.consumer.brokers=${kafka.bootstrap}`,
          `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
          `--loki.client.url=${loki.url}/loki/api/v1/push`,
          `--ingester.body-max-records=${BODY_RECORDS}`,
          '--ledger.save-interval=1s',
        ],
      })
    gateways = await Promise.all(ports.map(startGateway))
    ingesters = await Promise.all([startIngester(), startIngester()])
    agent = await startService('agent', {
      environment: { STORAGE_TYPE: 'gateway' },
      flags: [
        `--config.file=${writeScrapeConfig(directory, target.address)}`,
        `--promtail.config.file=${writeLogConfig(directory)}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        '--gateway.service-type=http',
        `--gateway.http-client.url=http://127.0.0.1:${ports[0]}/api/metrics`,
        `--gateway.http-client.logs.url=http://127.0.0.1:${ports[0]}/api/logs`,
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
    senders = startPersistentSenders({ urls: ports.map((port) => `http://127.0.0.1:${port}/api/v1/write`), count: SENDERS })
    writing = setInterval(() => log.write(5), 50)
  })

  afterAll(async () => {
    clearInterval(writing)
    await senders?.stop()
    await Promise.all([agent, ...(gateways ?? []), ...(ingesters ?? [])].map((service) => service?.stop()))
    await Promise.all([kafka, prometheus, loki].map((engine) => engine?.stop()))
    await target?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const storedBySender = async (): Promise<number[][]> => {
    const series = await samplesIn(prometheus.url, 'numbered')
    return Array.from(
      { length: SENDERS },
      (_, index) => series.find(({ labels }) => labels['sender'] === String(index))?.samples.map(([, value]) => value) ?? [],
    )
  }
  /** The books of the ingesters; of each the one that goes furthest. */
  const books = async (): Promise<readonly PartitionAccount[]> => {
    const newest = new Map<string, PartitionAccount>()
    for (const { url } of ingesters) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own admin port
      const { books: found } = (await (await fetch(`${url}/api/ledger`)).json()) as LedgerReport
      for (const book of found) {
        const name = `${book.storage} ${book.topic} ${book.partition}`
        if (Number(book.upTo) > Number(newest.get(name)?.upTo ?? -1)) newest.set(name, book)
      }
    }
    return [...newest.values()]
  }

  test('nothing is lost, nothing comes twice but for a body, and nothing is refused', async () => {
    const moves = async (): Promise<void> => {
      const [before, written] = [senders.acknowledged(), target.served()]
      const hasMoved = (): boolean =>
        senders.acknowledged().every((count, index) => count > before[index]! + 2) && target.served() > written
      await expect.poll(hasMoved, WAIT).toBe(true)
    }
    await moves()
    for (const service of [...gateways, ...ingesters, agent]) {
      await service.restart()
      await moves()
    }
    clearInterval(writing)
    await senders.stop()

    const sent = senders.acknowledged().map(numbersTo)
    await expect.poll(storedBySender, WAIT).toEqual(sent)
    await expect.poll(() => linesInLoki(loki.url), WAIT).toEqual(numbersTo(log.written()))
    // A scrape that the agent gave up when it was stopped was never taken in.
    const served = target.served()
    const stored = async (): Promise<number> => (await samplesInPrometheus(prometheus.url)).filter((number) => number <= served).length
    await expect.poll(stored, WAIT).toBeGreaterThanOrEqual(served - 1)

    const behind = async (): Promise<number[]> => (await books()).map(({ upTo, end }) => Number(end) - Number(upTo))
    await expect.poll(async () => (await behind()).filter((messages) => messages !== 0), WAIT).toEqual([])
    expect(new Set((await books()).map(({ storage }) => storage))).toEqual(new Set(['prometheus', 'loki']))
    for (const { agents, expired, unattributed } of await books()) {
      const repeated = agents.reduce((sum, { repeatedInStorage }) => sum + repeatedInStorage.records, 0)
      expect(repeated).toBeLessThanOrEqual(BODY_RECORDS)
      const refused = agents.reduce((sum, { deadLetters }) => sum + deadLetters.messages, 0)
      expect({ refused, expired, unattributed }).toEqual({ refused: 0, expired: 0, unattributed: 0 })
    }
  })
})

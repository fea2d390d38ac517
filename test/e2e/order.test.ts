import { readFileSync } from 'node:fs'

import { compress, decodeWriteRequest, decompress, encodeWriteRequest } from '@clymene/wire'
import { Kafka as KafkaClient, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startKafka, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { startService, type Service } from './service.ts'
import { samplesIn } from './stores.ts'
import { sorted } from './world.ts'

const WAIT = { timeout: 60_000, interval: 250 }

describeWithEngines(['kafka', 'prometheus'], 'three messages whose order is 3, 1, 2', () => {
  let kafka: Kafka
  let prometheus: Engine
  let gateway: Service
  let ingester: Service
  let url: string

  beforeAll(async () => {
    ;[kafka, prometheus] = await Promise.all([startKafka({ partitions: 1 }), startPrometheus()])
    const httpPort = await freePort()
    url = `http://127.0.0.1:${httpPort}/api/v1/write`
    gateway = await startService('gateway', {
      flags: [
        '--storage-type=kafka',
        `--kafka.producer.brokers=${kafka.bootstrap}`,
        `--gateway.http-server.host-port=127.0.0.1:${httpPort}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
      ],
    })
  })
  afterAll(async () => {
    await Promise.all([gateway?.stop(), ingester?.stop()])
    await Promise.all([kafka?.stop(), prometheus?.stop()])
  })

  test('end as stored plus refused by name, never as 204 and gone', async () => {
    const newest = Date.now()
    const send = (sequence: number) => {
      const timestampMs = newest - (3 - sequence) * 1000
      const body = compress(
        encodeWriteRequest([
          {
            labels: [
              ['__name__', 'ordered'],
              ['cluster', 'c1'],
            ],
            samples: [{ timestampMs, value: sequence }],
          },
        ]),
      )
      const headers = { 'clymene-agent': 'a', 'clymene-epoch': '1', 'clymene-sequence': String(sequence), 'clymene-cluster': 'c1' }
      return fetch(url, { method: 'POST', body: new Uint8Array(body), headers })
    }
    // All three stand in Kafka before anybody reads, so that they come as one batch.
    for (const sequence of [3, 1, 2]) expect((await send(sequence)).status).toBe(204)
    ingester = await startService('ingester', {
      flags: [
        '--storage-type=prometheus',
        `--kafka.consumer.brokers=${kafka.bootstrap}`,
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
      ],
    })
    await expect.poll(() => ingester.metric('clymene_delivery_messages_total'), WAIT).toBe(3)

    const [stored] = await samplesIn(prometheus.url, 'ordered')
    expect(stored?.samples.map(([, value]) => value)).toEqual([3])
    expect(await ingester.metric('clymene_delivery_dead_letter_records_total')).toBe(2)
    expect(await ingester.metric('clymene_delivery_repeats_total')).toBe(0)
    const letters = await deadLetters(kafka, 2)
    expect(sorted(letters.map(({ value }) => value))).toEqual([1, 2])
    for (const { reason } of letters) expect(reason).toMatch(/out of order/)
    expect(readFileSync(`${ingester.directory}/engine.log`, 'utf8')).toMatch(/ordered\{cluster=\\"c1\\"\}/)
  })
})

type DeadLetter = { readonly value: number; readonly reason: string | undefined }

async function deadLetters(kafka: Kafka, count: number): Promise<readonly DeadLetter[]> {
  const consumer = new KafkaClient({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING }).consumer({ groupId: 'judge' })
  const letters: DeadLetter[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: 'clymene-dead-letter', fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      const [series] = decodeWriteRequest(decompress(message.value ?? Buffer.alloc(0), 1024 * 1024))
      letters.push({ value: series?.samples[0]?.value ?? NaN, reason: message.headers?.['clymene-dl-reason']?.toString() })
    },
  })
  await expect.poll(() => letters.length, WAIT).toBe(count)
  await consumer.disconnect()
  return letters
}

import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startKafka, type Kafka } from '../engines/index.ts'
import { startLoad, type Load } from './load.ts'
import { createNumberedBodies } from './numbered-bodies.ts'
import { readTopic } from './read-topic.ts'
import { startService, type Service } from './service.ts'

const WAIT = { timeout: 90_000, interval: 250 }
/** Each a quarter of its default. */
const TIME_OUTS = ['--gateway.write-timeout=5s', '--kafka.producer.request-timeout=3750ms', '--kafka.producer.delivery-timeout=7500ms']
/** So long that every sender is told to come again more than once, and what waits for the broker is given up. */
const AWAY_MS = 15_000
/** Far more than keep a gateway's core busy: 6 MB of bodies are always under way. */
const CONNECTIONS = 64
const MAX_MEMORY = 256 * 1024 * 1024

describeWithEngines(['kafka'], 'a broker that stops answering under full load', () => {
  const bodyOf = createNumberedBodies()
  let kafka: Kafka
  let gateway: Service
  let load: Load | undefined
  let url: string

  beforeAll(async () => {
    kafka = await startKafka({ partitions: 3 })
    const port = await freePort()
    url = `http://127.0.0.1:${port}/api/v1/write`
    gateway = await startService('gateway', {
      environment: { STORAGE_TYPE: 'kafka' },
      flags: [
        `--kafka.producer.brokers=${kafka.bootstrap}`,
        ...TIME_OUTS,
        `--gateway.http-server.host-port=127.0.0.1:${port}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
      ],
    })
  })
  afterAll(async () => {
    kafka?.resume()
    await load?.stop()
    await gateway?.stop()
    await kafka?.stop()
  })

  test('memory is bounded, senders are told to come again, and all that was acknowledged is there', async () => {
    load = startLoad({ url, connections: CONNECTIONS, bodyOf })
    const acknowledged = () => load?.acknowledged.size ?? 0
    await expect.poll(acknowledged, WAIT).toBeGreaterThan(300)

    await kafka.pause()
    const before = acknowledged()
    await sleep(AWAY_MS)
    expect(await gateway.readyz()).toMatchObject({ status: 503, text: expect.stringMatching(/Kafka topic clymene: /) })
    // What was written when it stopped may still be acknowledged, no more.
    expect(acknowledged() - before).toBeLessThan(CONNECTIONS)
    kafka.resume()

    const after = acknowledged()
    await expect.poll(acknowledged, WAIT).toBeGreaterThan(after + 300)
    await expect.poll(async () => (await gateway.readyz()).status, WAIT).toBe(200)
    await load.stop()

    expect([...load.refused.keys()]).toEqual([503])
    for (const { retryAfter } of load.refusals()) expect(retryAfter).toMatch(/^[1-9]\d*$/)
    expect(load.failures).toEqual([])
    const stored = new Set<number>()
    const changed: number[] = []
    await readTopic(kafka.bootstrap, 'clymene', ({ value, headers }) => {
      const number = Number(headers?.['clymene-sequence'])
      if (value?.equals(bodyOf(number)) === true) stored.add(number)
      else changed.push(number)
    })
    expect(changed).toEqual([])
    const missing = [...load.acknowledged].filter((number) => !stored.has(number))
    expect(missing).toEqual([])
    expect(gateway.peakMemory()).toBeLessThan(MAX_MEMORY)
  })
})

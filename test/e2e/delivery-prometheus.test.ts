import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import type { Bus, BusRecord, Delivery, Envelope, OpenStorage } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { createBatchHandler } from '@clymene/storages'
import { deliveryOf, openByFlags } from '@clymene/storages/contract'
import { compress, decodeWriteRequest, decompress, encodeWriteRequest } from '@clymene/wire'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, startPrometheus, type Engine } from '../engines/index.ts'

const never = new AbortController().signal

describeWithEngines(['prometheus'], 'delivery into a real Prometheus without an out-of-order window', () => {
  let engine: Engine
  const opened: OpenStorage[] = []
  beforeAll(async () => {
    engine = await startPrometheus()
  })
  afterEach(async () => {
    for (const storage of opened.splice(0)) await storage.close()
  })
  afterAll(() => engine.stop())

  /** One member of the group; each has its own memory, as processes have. */
  async function start(url = engine.url) {
    const storage = await openByFlags('prometheus', [`--prometheus.remote.url=${url}/api/v1/write`])
    opened.push(storage)
    const sink = storage.sinks.metrics
    if (sink === undefined) throw new Error('no sink')
    const deadLetters: Envelope[] = []
    const bus: Pick<Bus, 'produce'> = { produce: async (_, envelopes) => void deadLetters.push(...envelopes) }
    const metrics = createMetrics()
    const handle = createBatchHandler({
      bus,
      topic: 't',
      kind: 'metrics',
      storage: 'prometheus',
      sink,
      metrics,
      logger: silentLogger,
      backoff: { minMs: 1, maxMs: 2 },
    })
    return {
      deadLetters,
      repeats: async () => (await metrics.registry.getSingleMetric('clymene_delivery_repeats_total')?.get())?.values[0]?.value ?? 0,
      handle: (records: readonly BusRecord[], takeover = false) =>
        handle({ topic: 't', partition: 0, takeover, commit: () => Promise.resolve(), records }, never),
    }
  }

  /** Seconds after the base that each series of the cluster has a sample for. */
  async function stored(cluster: string): Promise<Record<string, number[]>> {
    const { body } = await request(`${engine.url}/api/v1/query?query=${encodeURIComponent(`{cluster="${cluster}"}[1h]`)}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the documented answer of the query API
    const { data } = (await body.json()) as {
      data: { result: { metric: { series: string }; values: [number, string][] }[] }
    }
    return Object.fromEntries(data.result.map(({ metric, values }) => [metric.series, values.map(([, value]) => Number(value))]))
  }

  test('3, 1, 2 end as one stored and two refused by name', async () => {
    const { handle, deadLetters } = await start()
    await handle(messages('order', [3, 1, 2]))
    expect(await stored('order')).toEqual({ s: [3] })
    expect(deadLetters.map(namesIn)).toEqual([['s 1'], ['s 2']])
    expect(deadLetters[0]?.extra).toMatchObject({
      'clymene-dl-reason': expect.stringContaining('out of order sample'),
      'clymene-dl-status': '400',
    })
  })

  test('after a crash one body comes again: repeats, no dead letter, nothing lost', async () => {
    const before = await start()
    await before.handle(messages('crash', [1, 2, 3]))
    const { handle, deadLetters, repeats } = await start()
    await handle(messages('crash', [1, 2, 3, 4, 5]), true)
    expect(await stored('crash')).toEqual({ s: [1, 2, 3, 4, 5] })
    expect(deadLetters).toEqual([])
    expect(await repeats()).toBe(2)
  })

  test('stored, but the answer was lost', async () => {
    const proxy = await startForgetfulProxy(engine.url)
    const { handle, deadLetters, repeats } = await start(proxy.url)
    await handle(messages('answer', [1, 2, 3]))
    await proxy.stop()
    expect(await stored('answer')).toEqual({ s: [1, 2, 3] })
    expect(deadLetters).toEqual([])
    expect(await repeats()).toBe(2)
  })

  test('a series that Prometheus answers with 500 for ever is a dead letter, its neighbours arrive', async () => {
    const { handle, deadLetters } = await start()
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`)
    const good = deliveryOf(
      'metrics',
      'twice',
      names.map((name) => [name, 0, 'x'] as const),
    )
    const series = decodeWriteRequest(decompress(good.value, 1 << 20))
    const bad = series.map(({ labels, samples }, index) => ({
      labels: index === 20 ? [...labels, ['series', 'again'] as const] : labels,
      samples,
    }))
    await handle([recordOf({ ...good, value: compress(encodeWriteRequest(bad)) }, 0)])
    expect(Object.keys(await stored('twice'))).toHaveLength(49)
    expect(deadLetters).toHaveLength(1)
    expect(deadLetters[0]?.extra?.['clymene-dl-reason']).toContain('label name "series" is not unique')
  })
})

/** Message number n has a sample of series `s` n seconds after the base, whose value is n. */
const messages = (cluster: string, numbers: readonly number[]): BusRecord[] =>
  numbers.map((number, offset) => recordOf(deliveryOf('metrics', cluster, [['s', number, 'x'.repeat(number)]], number), offset))

const recordOf = ({ kind, key, value, headers }: Delivery, offset: number): BusRecord => ({
  kind,
  key,
  value,
  headers,
  origin: { logId: 'l', topic: 't', partition: 0, offset: BigInt(offset), timestampMs: Date.now() },
})

const namesIn = ({ value }: Envelope): string[] =>
  decodeWriteRequest(decompress(value, 1 << 20)).map(
    ({ labels, samples }) => `${labels.find(([name]) => name === 'series')?.[1]} ${samples[0]?.value}`,
  )

/** Hands requests on, and cuts the connection instead of passing on the first answer. */
async function startForgetfulProxy(target: string) {
  let isFirst = true
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { 'content-type': type = '', 'content-encoding': encoding = '' } = incoming.headers
    const { statusCode, body } = await request(`${target}${incoming.url}`, {
      method: 'POST',
      headers: { 'content-type': type, 'content-encoding': encoding },
      body: await buffer(incoming),
    })
    const text = await body.text()
    if (isFirst) response.destroy()
    else response.writeHead(statusCode).end(text)
    isFirst = false
  }
  const server = createServer((incoming, response) => void pass(incoming, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

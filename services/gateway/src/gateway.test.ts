import { gzipSync } from 'node:zlib'

import { PermanentError, RetryableError, type Envelope, type Kind } from '@clymene/model'
import { compress, encodeBatchJson, encodePushRequest, encodeWriteRequest, wrapBatch } from '@clymene/wire'
import { afterEach, describe, expect, test } from 'vitest'

import { LOGS_CALL, METRICS_CALL, start, stopGateways } from './start.test-kit.ts'

const series = encodeWriteRequest([
  {
    labels: [
      ['__name__', 'up'],
      ['cluster', 'c1'],
      ['replica', 'a'],
    ],
    samples: [{ timestampMs: 1000, value: 1 }],
  },
])
const streams = [{ labels: [['cluster', 'c1'] as const], entries: [{ timestampNs: 5n, line: 'hello' }] }]
const block = compress(series)
const lokiJson = JSON.stringify({ streams: [{ stream: { cluster: 'c1' }, values: [['5', 'hello']] }] })
const clymeneJson = encodeBatchJson(streams, 'team-a')

afterEach(stopGateways)

describe('what is accepted', () => {
  const accepted: {
    name: string
    path: string
    body: Uint8Array | string
    headers?: Record<string, string>
    kind: Kind
    value?: Buffer
    tenant?: string
  }[] = [
    { name: 'remote write at the original path', path: '/api/metrics', body: block, kind: 'metrics', value: block },
    { name: 'remote write at the path of Prometheus', path: '/api/v1/write', body: block, kind: 'metrics', value: block },
    {
      name: "the original's JSON of logs under its wrong content type",
      path: '/api/logs',
      body: clymeneJson,
      kind: 'logs',
      tenant: 'team-a',
    },
    { name: "Loki's protobuf", path: '/loki/api/v1/push', body: compress(encodePushRequest(streams)), kind: 'logs' },
    { name: "Loki's JSON", path: '/loki/api/v1/push', body: lokiJson, headers: { 'content-type': 'application/json' }, kind: 'logs' },
    {
      name: "Loki's JSON by gzip, of a tenant",
      path: '/loki/api/v1/push',
      body: gzipSync(lokiJson),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', 'x-scope-orgid': 't1' },
      kind: 'logs',
      tenant: 't1',
    },
  ]
  test.each(accepted)('$name', async ({ path, body, headers, kind, value, tenant }) => {
    const { post, written } = await start()
    const response = await post(path, body, headers)
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 204, text: '' })
    const [envelope] = written
    expect(envelope).toMatchObject({ kind, headers: { records: 1, scanned: true, contentType: 'application/x-protobuf', cluster: 'c1' } })
    expect(envelope?.headers.tenant).toBe(tenant)
    if (value !== undefined) expect(envelope?.value.equals(value)).toBe(true)
  })

  const called = [
    { name: 'metrics', path: METRICS_CALL, message: series, kind: 'metrics' },
    { name: "logs as the original's JSON", path: LOGS_CALL, message: wrapBatch(clymeneJson), kind: 'logs' },
    { name: 'logs as a block', path: LOGS_CALL, message: wrapBatch(compress(encodePushRequest(streams))), kind: 'logs' },
  ]
  test.each(called)('by gRPC: $name', async ({ path, message, kind }) => {
    const { call, written } = await start()
    expect(await call(path, message)).toBeUndefined()
    expect(written).toMatchObject([{ kind, headers: { records: 1, scanned: true } }])
  })

  test('an empty request is answered and not written', async () => {
    const { post, written } = await start()
    expect((await post('/api/v1/write', compress(Buffer.alloc(0)))).status).toBe(204)
    expect(written).toEqual([])
  })
})

describe('order and identity', () => {
  test('foreign messages are numbered per cluster and replica, in the order of their arrival', async () => {
    const { post, written } = await start()
    const other = compress(
      encodeWriteRequest([
        {
          labels: [
            ['__name__', 'x'],
            ['cluster', 'c2'],
          ],
          samples: [{ timestampMs: 1, value: 1 }],
        },
      ]),
    )
    for (const body of [block, block, other, block]) await post('/api/v1/write', body)
    expect(written.map(({ headers }) => headers.sequence)).toEqual([1, 2, 1, 3])
    expect(new Set(written.map(({ key }) => key)).size).toBe(2)
    expect(written[0]?.headers.stream).toBe('a')
  })

  test('metrics and logs of one sender are numbered apart: each is a topic of its own, where a gap is a loss', async () => {
    const { post, written } = await start()
    const logs = compress(
      encodePushRequest([
        { labels: [['cluster', 'c1'] as const, ['replica', 'a'] as const], entries: [{ timestampNs: 5n, line: 'hello' }] },
      ]),
    )
    for (const [path, body] of [
      ['/api/v1/write', block],
      ['/loki/api/v1/push', logs],
      ['/api/v1/write', block],
      ['/loki/api/v1/push', logs],
    ] as const) {
      await post(path, body)
    }
    expect(written.map(({ kind, key, headers }) => `${kind} ${key} ${headers.sequence}`)).toEqual([
      'metrics /c1//a 1',
      'logs /c1//a 1',
      'metrics /c1//a 2',
      'logs /c1//a 2',
    ])
  })

  test('the key of a foreign sender is the same at every gateway, whoever numbered', async () => {
    const [one, two] = [await start(), await start()]
    await one.post('/api/v1/write', block)
    await two.post('/api/v1/write', block)
    expect(one.written[0]?.key).toBe('/c1//a')
    expect(two.written[0]?.key).toBe('/c1//a')
    expect(one.written[0]?.headers.agent).not.toBe(two.written[0]?.headers.agent)
  })

  test('the account tells what became of what was numbered here, and nothing of what came with a number', async () => {
    const outcomes = [undefined, new PermanentError('no'), new RetryableError('away'), new RetryableError('away'), undefined]
    const { post, gateway } = await start({
      write: async () => {
        const error = outcomes.shift()
        if (error !== undefined) throw error
      },
    })
    for (let count = 0; count < 4; count++) await post('/api/v1/write', block)
    await post('/api/v1/write', block, { 'clymene-agent': 'a', 'clymene-epoch': '7', 'clymene-sequence': '1' })
    await post('/api/v1/write', Buffer.from('no block'))
    expect(gateway.accounts()).toEqual([
      {
        kind: 'metrics',
        cluster: 'c1',
        agent: expect.stringMatching(/^gateway-/),
        to: 'kafka',
        epoch: expect.any(Number),
        sent: 4,
        acknowledged: 1,
        buffered: 0,
        dropped: 1,
        unanswered: 2,
      },
    ])
  })

  test('an endless label does not become an endless key', async () => {
    const { post, written } = await start()
    for (const end of ['x', 'y']) {
      const labels = [['__name__', 'up'] as const, ['cluster', `${'c'.repeat(100_000)}${end}`] as const]
      await post('/api/v1/write', compress(encodeWriteRequest([{ labels, samples: [{ timestampMs: 1, value: 1 }] }])))
    }
    expect(written.map(({ key }) => key.length < 200)).toEqual([true, true])
    expect(written[0]?.key).not.toBe(written[1]?.key)
  })

  test('the time of the newest sample is read from the body, whatever the sender says', async () => {
    const { post, written } = await start()
    await post('/api/v1/write', block, { 'clymene-newest': '99' })
    await post('/api/v1/write', block)
    expect(written.map(({ headers }) => headers.newestMs)).toEqual([1000, 1000])
  })

  test.each<[what: string, number: Record<string, string>, position: number | undefined]>([
    ['an agent says where a piece of its message begins', { 'clymene-agent': 'a', 'clymene-epoch': '7', 'clymene-sequence': '1' }, 12],
    ['what the gateway numbers is no piece', {}, undefined],
  ])('%s', async (_, number, position) => {
    const { post, written } = await start()
    await post('/api/v1/write', block, { ...number, 'clymene-position': '12' })
    expect(written[0]?.headers.position).toBe(position)
  })

  test('an agent keeps its own number and key; its word that a block was scanned counts nothing', async () => {
    const { post, written } = await start()
    const headers = {
      'clymene-agent': 'node-1',
      'clymene-epoch': '7',
      'clymene-sequence': '42',
      'clymene-stream': 'metrics-0',
      'clymene-cluster': 'c9',
    }
    await post('/api/v1/write', block, { ...headers, 'clymene-scanned': '1' })
    expect(written).toMatchObject([{ key: '/c9/node-1/metrics-0', headers: { agent: 'node-1', epoch: 7, sequence: 42 } }])
    const unscannable = await post('/api/v1/write', compress(Buffer.from('no protobuf')), { ...headers, 'clymene-scanned': '1' })
    expect(unscannable.status).toBe(400)
  })
})

describe('what is refused', () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  const small = ['--gateway.max-decompressed-bytes=64KiB', '--gateway.max-unzipped-bytes=64KiB', '--gateway.max-body-bytes=32KiB']
  const refused: {
    name: string
    path: string
    body: Uint8Array | string
    headers?: Record<string, string>
    status: number
    text: RegExp
  }[] = [
    { name: 'no snappy', path: '/api/v1/write', body: Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]), status: 400, text: /at byte/ },
    { name: 'snappy around no protobuf', path: '/api/v1/write', body: compress(Buffer.from('hello')), status: 400, text: /at byte/ },
    {
      name: 'remote write 2.0',
      path: '/api/v1/write',
      body: block,
      headers: { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
      status: 400,
      text: /2\.0/,
    },
    {
      name: 'broken JSON',
      path: '/loki/api/v1/push',
      body: '{"streams":',
      headers: { 'content-type': 'application/json' },
      status: 400,
      text: /at byte/,
    },
    { name: 'a body over the limit', path: '/api/v1/write', body: Buffer.alloc(40_000), status: 413, text: /--gateway\.max-body-bytes/ },
    {
      name: 'a block that claims too much',
      path: '/api/v1/write',
      body: Buffer.from([0xff, 0xff, 0xff, 0x7f, 0]),
      status: 413,
      text: /over the limit/,
    },
    {
      name: 'gzip that becomes too much',
      path: '/loki/api/v1/push',
      body: bomb,
      headers: { 'content-encoding': 'gzip' },
      status: 413,
      text: /over the limit/,
    },
    {
      name: 'no gzip under its name',
      path: '/loki/api/v1/push',
      body: 'x',
      headers: { 'content-encoding': 'gzip' },
      status: 400,
      text: /gzip/,
    },
    { name: 'another path', path: '/api/v2/write', body: block, status: 404, text: /no such path.*\/api\/v1\/write/ },
  ]
  test.each(refused)('$name', async ({ path, body, headers, status, text }) => {
    const { post, written } = await start({ argv: small })
    const response = await post(path, body, headers)
    expect(response.status).toBe(status)
    expect(await response.text()).toMatch(text)
    expect(written).toEqual([])
  })

  test('another method', async () => {
    const { gateway } = await start()
    const response = await fetch(`http://127.0.0.1:${gateway.httpAddress.port}/api/metrics`)
    expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({ status: 405, allow: 'POST' })
  })

  const failures: { name: string; error: Error; status: number; code: number; retryAfter: string | null }[] = [
    { name: 'the bus is away', error: new RetryableError('broker away'), status: 503, code: 14, retryAfter: '1' },
    { name: 'a storage asks for time', error: new RetryableError('429', { retryAfterMs: 4500 }), status: 503, code: 14, retryAfter: '5' },
    { name: 'the content is refused', error: new PermanentError('out of order'), status: 400, code: 3, retryAfter: null },
    { name: 'something else broke', error: new TypeError('secret detail'), status: 500, code: 13, retryAfter: null },
  ]
  test.each(failures)('$name', async ({ error, status, code, retryAfter }) => {
    const { post, call } = await start({ write: () => Promise.reject(error) })
    const response = await post('/api/v1/write', block)
    expect({ status: response.status, retryAfter: response.headers.get('retry-after') }).toEqual({ status, retryAfter })
    expect(await response.text()).toBe(status === 500 ? 'internal error\n' : `${error.message}\n`)
    expect((await call(METRICS_CALL, series))?.code).toBe(code)
  })

  test('a part of a message: the answer names which samples, the others are stored', async () => {
    const named = [0, 1, 4].map((record) => ({ delivery: 0, record, reason: 'too old' }))
    const { post, call } = await start({ write: () => Promise.reject(new PermanentError('too old', { refused: named })) })
    const answer = await post('/api/v1/write', block)
    expect([answer.status, answer.headers.get('clymene-refused')]).toEqual([400, '0-1,4'])
    expect((await call(METRICS_CALL, series))?.metadata.get('clymene-refused')).toEqual(['0-1,4'])
    const whole = await start({ write: () => Promise.reject(new PermanentError('no')) })
    expect((await whole.post('/api/v1/write', block)).headers.get('clymene-refused')).toBeNull()
  })

  test('by gRPC: a message that is none', async () => {
    const { call } = await start()
    expect((await call(METRICS_CALL, Buffer.from('no protobuf')))?.code).toBe(3)
    expect((await call(LOGS_CALL, Buffer.from([0x0a, 0x7f])))?.code).toBe(3)
  })

  test('a kind without a storage, by name', async () => {
    const { post, call, lines } = await start({ kinds: ['metrics'] })
    const response = await post('/api/logs', clymeneJson)
    expect(response.status).toBe(404)
    expect(await response.text()).toMatch(
      /takes no logs.*is this the gateway of logs\? In the manifests metrics go to port 30610 and logs to 30611/,
    )
    expect((await call(LOGS_CALL, wrapBatch(clymeneJson)))?.code).toBe(12)
    expect(lines.filter(({ message }) => message.endsWith(' refused'))).toMatchObject([
      { message: 'request refused', fields: { kind: 'logs', peer: '127.0.0.1', status: 404 } },
      { message: 'call refused', fields: { kind: 'logs', peer: '127.0.0.1', status: 12 } },
    ])
    expect((await post('/api/metrics', block)).status).toBe(204)
  })
})

describe('limits', () => {
  test('bytes in flight: the next is told to come again, by HTTP and gRPC, and there is room when one is answered', async () => {
    const waiting: (() => void)[] = []
    const { post, call } = await start({
      write: () => new Promise((resolve) => waiting.push(resolve)),
      argv: [`--gateway.max-bytes-in-flight=${block.length + 1}`],
    })
    const first = post('/api/v1/write', block)
    await expect.poll(() => waiting.length).toBe(1)
    const second = await post('/api/v1/write', block)
    expect({ status: second.status, retryAfter: second.headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '1' })
    expect(await second.text()).toMatch(/--gateway\.max-bytes-in-flight/)
    expect((await call(METRICS_CALL, series))?.code).toBe(8)
    waiting[0]?.()
    expect((await first).status).toBe(204)
    const third = post('/api/v1/write', block)
    await expect.poll(() => waiting.length).toBe(2)
    waiting[1]?.()
    expect((await third).status).toBe(204)
  })

  test('a bus that does not answer is 503 after --gateway.write-timeout', async () => {
    const { post } = await start({ write: (_envelope, signal) => rejectedBy(signal), argv: ['--gateway.write-timeout=50ms'] })
    const response = await post('/api/v1/write', block)
    expect(response.status).toBe(503)
    expect(await response.text()).toMatch(/not acknowledged within 50 ms/)
  })

  test('while the bus is known to be away one request tries and the others are told at once, with the reason', async () => {
    let away: string | undefined = 'Kafka: connection refused'
    const waiting: (() => void)[] = []
    const numbers: unknown[] = []
    const write = ({ headers }: Envelope): Promise<void> => {
      numbers.push(headers.sequence)
      return new Promise((resolve) => waiting.push(resolve))
    }
    const { post } = await start({ write, unavailable: () => away })
    const first = post('/api/v1/write', block)
    await expect.poll(() => waiting.length).toBe(1)
    const second = await post('/api/v1/write', block)
    expect({ status: second.status, text: await second.text() }).toEqual({ status: 503, text: 'Kafka: connection refused\n' })
    away = undefined
    const third = post('/api/v1/write', block)
    await expect.poll(() => waiting.length).toBe(2)
    for (const go of waiting) go()
    expect([(await first).status, (await third).status]).toEqual([204, 204])
    // Who was told at once has none, so they leave no gap.
    expect(numbers).toEqual([1, 2])
  })

  test('a sender that goes away ends its write, and is no failure of the gateway', async () => {
    const ended: boolean[] = []
    const { gateway, metrics } = await start({
      write: (_envelope, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended.push(true)
            reject(new Error('aborted'))
          })
          ended.push(false)
        }),
    })
    const gone = new AbortController()
    const sending = fetch(`http://127.0.0.1:${gateway.httpAddress.port}/api/v1/write`, {
      method: 'POST',
      body: new Uint8Array(block),
      signal: gone.signal,
    })
    await expect.poll(() => ended).toEqual([false])
    gone.abort()
    await expect(sending).rejects.toThrow('aborted')
    await expect.poll(() => ended).toEqual([false, true])
    await expect
      .poll(async () => await metrics.registry.metrics())
      .toMatch(/clymene_gateway_requests_total\{protocol="http",kind="metrics",status="499"\} 1/)
  })

  test('a gateway that stops tells who still waits to come again', async () => {
    let isWaiting = false
    const { post, stop } = await start({
      write: (_envelope, signal) => {
        isWaiting = true
        return rejectedBy(signal)
      },
      argv: ['--gateway.drain-timeout=50ms'],
    })
    const pending = post('/api/v1/write', block)
    await expect.poll(() => isWaiting).toBe(true)
    stop()
    const response = await pending
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 503, text: 'the gateway is stopping\n' })
  })

  test('a connection past its age is closed with its answer', async () => {
    const { post } = await start({ argv: ['--gateway.max-connection-age=1ms'] })
    await expect.poll(async () => (await post('/api/v1/write', block)).headers.get('connection')).toBe('close')
  })
})

const rejectedBy = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }))

test('a port in use names its flag', async () => {
  const { gateway } = await start()
  await expect(start({ argv: [`--gateway.http-server.host-port=127.0.0.1:${gateway.httpAddress.port}`] })).rejects.toThrow(
    /--gateway\.http-server\.host-port=127\.0\.0\.1:\d+: the port is in use/,
  )
  await expect(start({ argv: [`--gateway.grpc-server.host-port=127.0.0.1:${gateway.grpcAddress.port}`] })).rejects.toThrow(
    /--gateway\.grpc-server\.host-port=127\.0\.0\.1:\d+: the port is in use/,
  )
})

test('unreadable certificates are all named', async () => {
  await expect(start({ argv: ['--gateway.http-server.tls.enabled', '--gateway.http-server.tls.cert=/none.pem'] })).rejects.toThrow(
    /--gateway\.http-server\.tls\.cert="\/none\.pem": .*\n--gateway\.http-server\.tls\.key="": expected the path of a PEM file/,
  )
})

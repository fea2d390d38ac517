import { createServer, type AddressInfo } from 'node:net'

import { ConfigError, PermanentError, RetryableError, type OpenStorage, type Sink } from '@clymene/model'
import { decodeBatchJson, decodeWriteRequest, unwrapBatch } from '@clymene/wire'
import { Metadata, status as Status, type StatusObject } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'

import { isolating, type Refusal } from '../decorators/isolating.ts'
import { startGrpcReceiver, type GrpcAnswer } from '../testing/grpc-receiver.ts'
import { startHttpReceiver } from '../testing/http-receiver.ts'
import { line, logsDelivery, metricsDelivery, numbered, readLogs, sample } from '../testing/messages.ts'
import { openWith } from '../testing/open.ts'
import { gatewayStorage } from './gateway.ts'

const never = new AbortController().signal
const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

const sinkOf = (storage: OpenStorage, kind: 'metrics' | 'logs'): Sink => {
  const sink = storage.sinks[kind]
  if (sink === undefined) throw new Error(`no sink for ${kind}`)
  return sink
}

async function open(values: Parameters<typeof openWith<typeof gatewayStorage.flags>>[1]) {
  const storage = await openWith(gatewayStorage, values)
  cleanups.push(storage.close)
  return { metrics: sinkOf(storage, 'metrics'), logs: sinkOf(storage, 'logs'), check: storage.check! }
}

async function grpc(answer?: GrpcAnswer, maxBytes?: number) {
  const receiver = await startGrpcReceiver(answer, maxBytes === undefined ? {} : { maxBytes })
  cleanups.push(receiver.stop)
  return receiver
}

const failing = (code: Status, details = '', metadata?: Metadata): GrpcAnswer => {
  const status: Partial<StatusObject> = { code, details, ...(metadata === undefined ? {} : { metadata }) }
  return (_, reply) => reply(status)
}

/** A block is what the delivery held, JSON what a gateway of Go Clymene reads. */
const logsIn = (content: Buffer, encoding: 'protobuf' | 'json') =>
  encoding === 'json' ? decodeBatchJson(content).streams : readLogs(content)

const series = [sample('a', 1), sample('b', 2)]
const headers = { ...numbered(7, { tenant: 'ténant', cluster: 'c 1', stream: 's/0' }), records: 2 }
const sent = {
  'clymene-tenant': 't%C3%A9nant',
  'clymene-cluster': 'c%201',
  'clymene-agent': 'a',
  'clymene-epoch': '1',
  'clymene-sequence': '7',
  'clymene-stream': 's/0',
  'clymene-records': '2',
}

describe('gateway by gRPC', () => {
  test('metrics go uncompressed, with the envelope as metadata and without the mark', async () => {
    const receiver = await grpc()
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await metrics.write([metricsDelivery(series, headers)], never)
    const [call] = receiver.calls
    expect(call?.path).toBe('/prometheus.ClymeneService/RequestMetrics')
    expect(decodeWriteRequest(call!.message)).toEqual(series)
    expect(call?.metadata.getMap()).toMatchObject(sent)
    expect(call?.metadata.get('clymene-scanned')).toEqual([])
    expect(String(call?.metadata.get('user-agent')[0])).toMatch(/^Clymene\/9.9 /)
  })

  test.each(['protobuf', 'json'] as const)('logs as %s inside a Batch', async (encoding) => {
    const receiver = await grpc()
    const { logs } = await open({ 'gateway.grpc-client.host-port': [receiver.address], 'gateway.logs.encoding': encoding })
    const delivery = logsDelivery([line('x', 5n, 'hello')], { tenant: 't' })
    await logs.write([delivery], never)
    expect(receiver.calls[0]?.path).toBe('/logproto.Gateway/TransferBatch')
    const content = Buffer.from(unwrapBatch(receiver.calls[0]!.message))
    expect(logsIn(content, encoding)).toEqual(readLogs(delivery.value))
  })

  test('several deliveries are several calls, of a key in order', async () => {
    const order: string[] = []
    const receiver = await grpc(({ metadata }, reply) => {
      order.push(String(metadata.get('clymene-sequence')[0]))
      setImmediate(() => reply(null, Buffer.alloc(0)))
    })
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await metrics.write(
      [1, 2, 3, 4].map((sequence) => metricsDelivery(series, numbered(sequence))),
      never,
    )
    expect(order).toEqual(['1', '2', '3', '4'])
  })

  test('several gateways take turns', async () => {
    const receivers = [await grpc(), await grpc()]
    const { metrics } = await open({ 'gateway.grpc-client.host-port': receivers.map(({ address }) => address) })
    for (let count = 0; count < 6; count++) await metrics.write([metricsDelivery(series)], never)
    expect(receivers.map(({ calls }) => calls.length)).toEqual([3, 3])
  })

  test('one of them away: the other takes all', async () => {
    const [there, away] = [await grpc(), await grpc()]
    away.stop()
    const { metrics, check } = await open({ 'gateway.grpc-client.host-port': [away.address, there.address] })
    for (let count = 0; count < 4; count++) await metrics.write([metricsDelivery(series)], never)
    expect(there.calls).toHaveLength(4)
    await check(never)
  })

  test('all away: a check names each, without a stack of promises', async () => {
    const { check } = await open({ 'gateway.grpc-client.host-port': ['127.0.0.1:1', '127.0.0.1:2'], 'gateway.grpc-client.timeout': 5000 })
    await expect(check(never)).rejects.toMatchObject({
      name: 'RetryableError',
      message: [1, 2].map((port) => `127.0.0.1:${port}: no connection: connect ECONNREFUSED 127.0.0.1:${port}`).join('; '),
    })
  })

  test('a check ends with its signal, long before the time limit of a call', async () => {
    // Takes connections and says nothing.
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => void silent.close())
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const { check } = await open({ 'gateway.grpc-client.host-port': [address], 'gateway.grpc-client.timeout': 3_600_000 })
    await expect(check(AbortSignal.timeout(20))).rejects.toMatchObject({ message: `${address}: no answer yet` })
  })

  const failures: [string, GrpcAnswer, object][] = [
    ['UNKNOWN: the storage of a Go gateway', failing(Status.UNKNOWN, 'boom'), { name: 'RetryableError', status: 2, needsOperator: false }],
    ['UNAVAILABLE', failing(Status.UNAVAILABLE, 'later'), { name: 'RetryableError', status: 14 }],
    ['RESOURCE_EXHAUSTED', failing(Status.RESOURCE_EXHAUSTED, 'too many bytes in flight'), { name: 'RetryableError', status: 8 }],
    ['UNAUTHENTICATED', failing(Status.UNAUTHENTICATED), { name: 'RetryableError', needsOperator: true }],
    ['PERMISSION_DENIED', failing(Status.PERMISSION_DENIED), { name: 'RetryableError', needsOperator: true }],
    ['UNIMPLEMENTED', failing(Status.UNIMPLEMENTED), { name: 'RetryableError', needsOperator: true }],
    ['INVALID_ARGUMENT', failing(Status.INVALID_ARGUMENT, 'bad'), { name: 'PermanentError', status: 3, repeatLike: false }],
    ['a refusal that it quotes', failing(Status.INVALID_ARGUMENT, 'x: out of order sample'), { name: 'PermanentError', repeatLike: true }],
  ]
  test.each(failures)('%s', async (_, answer, expected) => {
    const receiver = await grpc(answer)
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address], 'gateway.grpc-client.retry.max': 1 })
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toMatchObject(expected)
  })

  test('retry-after among the trailers is kept', async () => {
    const metadata = new Metadata()
    metadata.set('retry-after', '3')
    const receiver = await grpc(failing(Status.UNAVAILABLE, '', metadata))
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address], 'gateway.grpc-client.retry.max': 1 })
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toMatchObject({ retryAfterMs: 3000 })
  })

  test('records that are named among the trailers are those refused', async () => {
    const metadata = new Metadata()
    metadata.set('clymene-refused', '1')
    const receiver = await grpc(failing(Status.INVALID_ARGUMENT, 'out of order sample', metadata))
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await expect(metrics.write([metricsDelivery(series, headers)], never)).rejects.toMatchObject({
      name: 'PermanentError',
      repeatLike: true,
      refused: [{ delivery: 0, record: 1 }],
    })
  })

  test('UNAVAILABLE is tried so often in all, a refusal once', async () => {
    let code = Status.UNAVAILABLE
    const receiver = await grpc((_, reply) => reply({ code }))
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toBeInstanceOf(RetryableError)
    expect(receiver.calls).toHaveLength(3)
    code = Status.INVALID_ARGUMENT
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toBeInstanceOf(PermanentError)
    expect(receiver.calls).toHaveLength(4)
  })

  test('a message over the limit of the peer is refused, so that it is halved', async () => {
    const receiver = await grpc(undefined, 10)
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toMatchObject({ name: 'PermanentError', status: 8 })
  })

  test('a gateway that hangs is retryable after the time limit', async () => {
    const receiver = await grpc(() => undefined)
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address], 'gateway.grpc-client.timeout': 100 })
    await expect(metrics.write([metricsDelivery(series)], never)).rejects.toMatchObject({ name: 'RetryableError', status: 4 })
  })

  test('an abort cancels the call and gives the reason of the signal', async () => {
    const stop = new AbortController()
    const receiver = await grpc(() => stop.abort(new Error('stopped')))
    const { metrics } = await open({ 'gateway.grpc-client.host-port': [receiver.address] })
    await expect(metrics.write([metricsDelivery(series)], stop.signal)).rejects.toThrow('stopped')
  })

  test.each([
    [{ 'gateway.grpc-client.host-port': [] }, 'empty; expected host:port'],
    ...['10.246.0.2', 'gateway', 'gateway:', '[::1]'].map((address): [object, string] => [
      { 'gateway.grpc-client.host-port': ['a:1', address] },
      `--gateway.grpc-client.host-port: ${JSON.stringify(address)} has no port; expected host:port for each address of the list`,
    ]),
    ...['15610', ':15610'].map((address): [object, string] => [
      { 'gateway.grpc-client.host-port': [address] },
      `--gateway.grpc-client.host-port: ${JSON.stringify(address)} has no host; expected host:port for each address of the list`,
    ]),
    ...['a:b', 'a:70000', '::1', 'http://a:1'].map((address): [object, string] => [
      { 'gateway.grpc-client.host-port': [address] },
      `--gateway.grpc-client.host-port: ${JSON.stringify(address)} is not an address; expected host:port for each address of the list`,
    ]),
    [
      { 'gateway.grpc-client.tls.enabled': true, 'gateway.grpc-client.tls.ca': '/none/ca.pem' },
      '--gateway.grpc-client.tls.ca: cannot read /none/ca.pem: no such file',
    ],
    [
      { 'gateway.grpc-client.tls.enabled': true, 'gateway.grpc-client.tls.cert': import.meta.filename },
      '--gateway.grpc-client.tls.key: expected a file, as --gateway.grpc-client.tls.cert is given',
    ],
    [
      { 'gateway.grpc-client.tls.enabled': true, 'gateway.grpc-client.tls.ca': import.meta.filename },
      '--gateway.grpc-client.tls.ca: expected PEM certificates',
    ],
  ])('wrong flags: %j', async (values, message) => {
    const error = await openWith(gatewayStorage, values).catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(message)
  })
})

async function http(answer?: Parameters<typeof startHttpReceiver>[0], encoding: 'protobuf' | 'json' = 'protobuf') {
  const receiver = await startHttpReceiver(answer)
  cleanups.push(receiver.stop)
  const storage = await open({
    'gateway.service-type': 'http',
    'gateway.http-client.url': new URL(`${receiver.url}/api/metrics`),
    'gateway.http-client.logs.url': new URL(`${receiver.url}/api/logs`),
    'gateway.logs.encoding': encoding,
  })
  return { ...storage, receiver }
}

describe('gateway by HTTP', () => {
  test('metrics go as the block, with the envelope as headers and without the mark', async () => {
    const { metrics, receiver } = await http()
    const delivery = metricsDelivery(series, headers)
    await metrics.write([delivery], never)
    expect(receiver.requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/metrics',
      body: delivery.value,
      headers: {
        ...sent,
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'user-agent': 'Clymene/9.9',
        'clymene-version': '9.9',
      },
    })
    expect(receiver.requests[0]?.headers['clymene-scanned']).toBeUndefined()
  })

  test.each(['protobuf', 'json'] as const)('logs as %s', async (encoding) => {
    const { logs, receiver } = await http(undefined, encoding)
    const delivery = logsDelivery([line('x', 5n, 'hello')], { tenant: 't' })
    await logs.write([delivery], never)
    const [request] = receiver.requests
    expect(request?.path).toBe('/api/logs')
    expect(logsIn(request!.body, encoding)).toEqual(readLogs(delivery.value))
  })

  test('pieces of a refused message say where they begin, the whole does not', async () => {
    const { metrics, receiver } = await http((request, response) =>
      response.writeHead(request.headers['clymene-position'] === undefined ? 413 : 204).end(),
    )
    const refuse = () => Promise.reject(new Error('nothing is refused'))
    await isolating(metrics, { refuse }).write([metricsDelivery(series, { ...numbered(3), records: 2 })], never)
    const pieces = receiver.requests.map(({ headers: sentHeaders }) => [sentHeaders['clymene-sequence'], sentHeaders['clymene-position']])
    expect(pieces).toEqual([
      ['3', undefined],
      ['3', '0'],
      ['3', '1'],
    ])
  })

  test('a refusal that names its records is about those alone: nothing is sent again, and the next go on', async () => {
    const { metrics, receiver } = await http((request, response) =>
      request.headers['clymene-sequence'] === '3'
        ? response.writeHead(204).end()
        : response.writeHead(400, { 'clymene-refused': request.headers['clymene-sequence'] === '1' ? '1' : '0' }).end('too old'),
    )
    const refused: unknown[] = []
    const refuse = async ({ piece, error }: Refusal) =>
      void refused.push([piece.headers.sequence, piece.position, piece.headers.records, error.message])
    const deliveries = [1, 2, 3].map((sequence) => metricsDelivery(series, { ...numbered(sequence), records: 2 }))
    await isolating(metrics, { refuse }).write(deliveries, never)
    expect(refused).toEqual([
      [1, 1, 1, expect.stringContaining('answered 400: too old')],
      [2, 0, 1, expect.stringContaining('answered 400: too old')],
    ])
    expect(receiver.requests).toHaveLength(3)
  })

  test.each(['protobuf', 'json'] as const)('logs as %s: names are believed where the order is the same there', async (encoding) => {
    const { logs, receiver } = await http((_, response) => response.writeHead(400, { 'clymene-refused': '1' }).end('too old'), encoding)
    const delivery = logsDelivery([line('x', 5n, 'one'), line('x', 6n, 'two')])
    await expect(logs.write([delivery], never)).rejects.toMatchObject({
      name: 'PermanentError',
      refused: encoding === 'protobuf' ? [{ delivery: 0, record: 1 }] : undefined,
    })
    expect(receiver.requests).toHaveLength(1)
  })

  test('names of records that the message does not have are not believed', async () => {
    const { metrics } = await http((_, response) => response.writeHead(400, { 'clymene-refused': '2' }).end())
    await expect(metrics.write([metricsDelivery(series, headers)], never)).rejects.toMatchObject({
      name: 'PermanentError',
      refused: undefined,
    })
  })

  test('an outage weighs more than a refusal that names its records', async () => {
    const { metrics } = await http((request, response) =>
      request.headers['clymene-sequence'] === '1'
        ? response.writeHead(400, { 'clymene-refused': '0' }).end()
        : response.writeHead(503).end(),
    )
    const deliveries = [1, 2].map((sequence) => metricsDelivery(series, { ...numbered(sequence), records: 2 }))
    await expect(metrics.write(deliveries, never)).rejects.toMatchObject({ name: 'RetryableError', status: 503 })
  })

  test('after a failure nothing more of that key is sent', async () => {
    const { metrics, receiver } = await http((request, response) =>
      response.writeHead(request.headers['clymene-sequence'] === '2' ? 503 : 204).end(),
    )
    const deliveries = [1, 2, 3].map((sequence) => metricsDelivery(series, numbered(sequence)))
    await expect(metrics.write(deliveries, never)).rejects.toMatchObject({ status: 503 })
    expect(receiver.requests.map((request) => request.headers['clymene-sequence'])).toEqual(['1', '2'])
  })

  test('an outage of one key weighs more than the refusal of another', async () => {
    const { metrics } = await http((request, response) => response.writeHead(request.headers['clymene-agent'] === 'a' ? 400 : 503).end())
    const deliveries = [metricsDelivery(series, numbered(1), 'a'), metricsDelivery(series, numbered(1, { agent: 'b' }), 'b')]
    await expect(metrics.write(deliveries, never)).rejects.toMatchObject({ name: 'RetryableError', status: 503 })
  })
})

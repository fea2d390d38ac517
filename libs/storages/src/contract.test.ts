import type { Bus, Envelope, Kind, LogStream, OpenStorage, TimeSeries } from '@clymene/model'
import { compress, createMessageReader, unwrapBatch } from '@clymene/wire'
import { status } from '@grpc/grpc-js'

import { describeStorageContract, type StorageFixture, type StorageTraits } from './contract.ts'
import { deliveryOf } from './contract/records.ts'
import { cortexStorage } from './cortex/cortex.ts'
import { gatewayStorage } from './gateway/gateway.ts'
import { createBusSink } from './kafka/bus-sink.ts'
import { lokiStorage } from './loki/loki.ts'
import { prometheusStorage } from './prometheus/prometheus.ts'
import { startGrpcReceiver } from './testing/grpc-receiver.ts'
import { startHttpReceiver } from './testing/http-receiver.ts'
import { readLogs, readMetrics } from './testing/messages.ts'
import { openWith } from './testing/open.ts'

const reader = createMessageReader({ maxBytes: 1 << 24 })

const REMOTE = { keepsOnce: false, keepsSpecialValues: true, isRemote: true, refuses: true }

/** Servers here refuse a whole message for a series or stream of this name. */
const BAD = 'bad'
const refusal: NonNullable<StorageFixture['refusal']> = (kind, cluster) => ({
  before: [],
  mixed: deliveryOf(kind, cluster, [
    ['a', 0, 'x'],
    [BAD, 0, 'x'],
    ['b', 0, 'x'],
    ['c', 0, 'x'],
  ]),
  refused: 1,
})

/** Messages as they came in, read back by what they hold. */
function createReceived() {
  const blocks: { readonly kind: Kind; readonly value: Buffer }[] = []
  const isOf =
    (cluster: string) =>
    ({ labels }: TimeSeries | LogStream) =>
      labels.some(([name, value]) => name === 'cluster' && value === cluster)
  return {
    /** Keeps it and says yes, or says no. */
    take: (kind: Kind, message: Uint8Array): boolean => {
      const { value } = reader.read(kind, message)
      const all = kind === 'metrics' ? readMetrics(value) : readLogs(value)
      if (all.some(({ labels }) => labels.some(([, text]) => text === BAD))) return false
      blocks.push({ kind, value })
      return true
    },
    metrics: async (cluster: string) =>
      blocks
        .filter(({ kind }) => kind === 'metrics')
        .flatMap(({ value }) => readMetrics(value))
        .filter(isOf(cluster)),
    logs: async (cluster: string) =>
      blocks
        .filter(({ kind }) => kind === 'logs')
        .flatMap(({ value }) => readLogs(value))
        .filter(isOf(cluster)),
  }
}

const AWAY = 'http://127.0.0.1:1/'

async function startHttp(open: (url: URL) => Promise<OpenStorage>): Promise<StorageFixture> {
  const received = createReceived()
  const receiver = await startHttpReceiver(({ method, path, body }, response) => {
    if (method !== 'POST') response.writeHead(405).end()
    else response.writeHead(received.take(/logs|loki/.test(path) ? 'logs' : 'metrics', body) ? 204 : 400).end()
  })
  return {
    open: () => open(new URL(receiver.url)),
    openAway: () => open(new URL(AWAY)),
    metrics: received.metrics,
    logs: received.logs,
    refusal,
    stop: receiver.stop,
  }
}

describeStorageContract('prometheus', { ...REMOTE, kinds: prometheusStorage.kinds }, () =>
  startHttp((url) => openWith(prometheusStorage, { 'prometheus.remote.url': new URL('/api/v1/write', url) })),
)

describeStorageContract('cortex', { ...REMOTE, kinds: cortexStorage.kinds }, () =>
  startHttp((url) => openWith(cortexStorage, { 'cortex.distributor.url': new URL('/api/v1/push', url) })),
)

describeStorageContract('loki', { ...REMOTE, kinds: lokiStorage.kinds }, () =>
  startHttp((url) => openWith(lokiStorage, { 'loki.client.url': new URL('/loki/api/v1/push', url) })),
)

const GATEWAY: StorageTraits = { ...REMOTE, kinds: gatewayStorage.kinds }

for (const encoding of ['protobuf', 'json'] as const) {
  describeStorageContract(`gateway by HTTP, logs as ${encoding}`, GATEWAY, () =>
    startHttp((url) =>
      openWith(gatewayStorage, {
        'gateway.service-type': 'http',
        'gateway.logs.encoding': encoding,
        'gateway.http-client.url': new URL('/api/metrics', url),
        'gateway.http-client.logs.url': new URL('/api/logs', url),
      }),
    ),
  )

  describeStorageContract(`gateway by gRPC, logs as ${encoding}`, GATEWAY, async () => {
    const received = createReceived()
    const receiver = await startGrpcReceiver(({ path, message }, reply) => {
      const isTaken = path.includes('logproto') ? received.take('logs', unwrapBatch(message)) : received.take('metrics', compress(message))
      if (isTaken) reply(null, Buffer.alloc(0))
      else reply({ code: status.INVALID_ARGUMENT, details: 'bad' })
    })
    const open = (address: string, timeoutMs = 10_000) =>
      openWith(gatewayStorage, {
        'gateway.grpc-client.host-port': [address],
        'gateway.grpc-client.timeout': timeoutMs,
        'gateway.logs.encoding': encoding,
      })
    return {
      ...received,
      open: () => open(receiver.address),
      openAway: () => open('127.0.0.1:1', 300),
      refusal,
      stop: async () => receiver.stop(),
    }
  })

  describeStorageContract(`a bus, messages as ${encoding}`, { ...GATEWAY, isRemote: false, refuses: false }, async () => {
    const received = createReceived()
    const produce: Bus['produce'] = async (_, envelopes: readonly Envelope[], signal) => {
      signal.throwIfAborted()
      for (const { kind, value } of envelopes) received.take(kind, value)
    }
    return {
      ...received,
      open: async () => ({
        sinks: {
          metrics: createBusSink({ bus: { produce }, kind: 'metrics', topic: 'm', encoding }),
          logs: createBusSink({ bus: { produce }, kind: 'logs', topic: 'l', encoding }),
        },
        close: () => Promise.resolve(),
      }),
      stop: () => Promise.resolve(),
    }
  })
}

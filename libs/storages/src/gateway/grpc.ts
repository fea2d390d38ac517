import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage, PermanentError, RetryableError, type Delivery, type OpenStorage } from '@clymene/model'
import { decompress, wrapBatch } from '@clymene/wire'
import { Client, Metadata, type ChannelCredentials, type ClientOptions, type ServiceError, status as Status } from '@grpc/grpc-js'

import { createSinkByKey } from './by-key.ts'
import { grpcFailure } from './grpc-failure.ts'
import { envelopeHeaders, logsJson, MAX_BYTES, type LogsEncoding } from './message.ts'

export type GrpcGatewayOptions = {
  /** `host:port` of each gateway. */
  readonly addresses: readonly string[]
  readonly credentials: ChannelCredentials
  readonly channelOptions?: ClientOptions
  /** Limit of one call, milliseconds. */
  readonly timeoutMs: number
  /** Attempts in all of one message. */
  readonly attempts: number
  readonly logsEncoding: LogsEncoding
  readonly userAgent: string
}

const METRICS_PATH = '/prometheus.ClymeneService/RequestMetrics'
const LOGS_PATH = '/logproto.Gateway/TransferBatch'
/** Go Clymene's pause between attempts, milliseconds. */
const PAUSE_MS = 50

/** A gateway by gRPC: the envelope's headers are the call's metadata, the message is passed on as bytes. */
export function openGrpcGateway(options: GrpcGatewayOptions): OpenStorage {
  const { addresses, credentials, channelOptions, timeoutMs, attempts, logsEncoding, userAgent } = options
  const peers = addresses.map((address) => ({
    address,
    client: new Client(address, credentials, { ...CHANNEL, 'grpc.primary_user_agent': userAgent, ...channelOptions }),
  }))
  let turn = 0

  const send = async (path: string, message: Buffer, delivery: Delivery, signal: AbortSignal): Promise<void> => {
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(envelopeHeaders(delivery))) metadata.set(name, value)
    for (let attempt = 1; ; attempt++) {
      const peer = peers[turn++ % peers.length]
      if (peer === undefined) throw new RetryableError('no gateway is named', { needsOperator: true })
      try {
        return await call(peer.client, path, message, metadata, timeoutMs, signal)
      } catch (error) {
        signal.throwIfAborted()
        const failure = isServiceError(error) ? grpcFailure(error, peer.address) : error
        if (failure instanceof PermanentError || attempt >= attempts || !isOtherPeersChance(failure)) throw failure
        await sleep(PAUSE_MS, undefined, { signal })
      }
    }
  }

  return {
    sinks: {
      metrics: createSinkByKey((delivery, signal) => send(METRICS_PATH, decompress(delivery.value, MAX_BYTES), delivery, signal)),
      logs: createSinkByKey((delivery, signal) =>
        send(LOGS_PATH, wrapBatch(logsEncoding === 'json' ? logsJson(delivery) : delivery.value), delivery, signal),
      ),
    },
    check: async (signal) => {
      signal.throwIfAborted()
      const outcomes = peers.map(({ client, address }) => ready(client, address, timeoutMs, signal))
      await Promise.any(outcomes).catch((error: unknown) => {
        throw error instanceof AggregateError ? new RetryableError(error.errors.map(errorMessage).join('; '), { cause: error }) : error
      })
    },
    close: async () => {
      for (const { client } of peers) client.close()
    },
  }
}

/** A name that stands for several gateways (a headless Service) is used in turns too; a dead connection shows within 40 s. */
const CHANNEL: ClientOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_reconnect_backoff_ms': 10_000,
}

/** One unary call of bytes; cancelled when the signal aborts. */
function call(client: Client, path: string, message: Buffer, metadata: Metadata, timeoutMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const cancel = (): void => request.cancel()
    const done = (error: ServiceError | null): void => {
      signal.removeEventListener('abort', cancel)
      if (error === null) resolve()
      else reject(error)
    }
    const request = client.makeUnaryRequest(path, asBytes, asBytes, message, metadata, { deadline: Date.now() + timeoutMs }, done)
    signal.addEventListener('abort', cancel, { once: true })
  })
}

const asBytes = (bytes: Buffer): Buffer => bytes

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error

const isOtherPeersChance = (failure: unknown): boolean =>
  failure instanceof RetryableError && (failure.status === Status.UNAVAILABLE || failure.status === Status.RESOURCE_EXHAUSTED)

/** A connection, or why there is none when the time is over or the signal aborts; closing the client ends what goes on behind it. */
const ready = (client: Client, address: string, timeoutMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(new RetryableError(`${address}: not connected yet`, { cause: signal.reason }))
    signal.addEventListener('abort', abort, { once: true })
    client.waitForReady(Date.now() + timeoutMs, (error) => {
      signal.removeEventListener('abort', abort)
      if (error === undefined) resolve()
      else reject(new RetryableError(`${address}: ${error.message}`, { cause: error }))
    })
  })

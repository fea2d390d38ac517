import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage, PermanentError, RetryableError, type OpenStorage } from '@clymene/model'
import { connectionFailure } from '@clymene/runtime'
import { decompress, wrapBatch } from '@clymene/wire'
import { Metadata, status as Status, type Client, type ClientOptions, type ServiceError } from '@grpc/grpc-js'

import type { GrpcAccess } from './access.ts'
import { createSinkByKey } from './by-key.ts'
import { grpcFailure } from './grpc-failure.ts'
import { createGrpcPeer, type GrpcPeer } from './grpc-peer.ts'
import { envelopeHeaders, logsJson, MAX_BYTES, type LogsEncoding } from './message.ts'

export type GrpcGatewayOptions = {
  /** `host:port` of each gateway. */
  readonly addresses: readonly string[]
  readonly access: GrpcAccess
  /** Limit of one call, milliseconds. */
  readonly timeoutMs: number
  /** Attempts in all of one message. */
  readonly attempts: number
  readonly logsEncoding: LogsEncoding
  readonly userAgent: string
}

const METRICS_PATH = '/prometheus.ClymeneService/RequestMetrics'
const LOGS_PATH = '/logproto.Gateway/TransferBatch'
/** Nobody has it: whoever says so is there, speaks gRPC and takes the certificates. */
const PRESENCE_PATH = '/clymene.Presence/Ask'
/** Go Clymene's pause between attempts, milliseconds. */
const PAUSE_MS = 50

/** A gateway by gRPC: the envelope's headers are the call's metadata, the message is passed on as bytes. */
export function openGrpcGateway(options: GrpcGatewayOptions): OpenStorage {
  const { addresses, access, timeoutMs, attempts, logsEncoding, userAgent } = options
  const channel = { ...CHANNEL, 'grpc.primary_user_agent': userAgent }
  const peers = addresses.map((address) => createGrpcPeer({ address, channel, tls: access.tls }))
  let turn = 0

  /** One call, and what it throws as one of the two kinds of failure. */
  const callOnce = async (peer: GrpcPeer, { path, message, headers, records }: Call, signal: AbortSignal) => {
    const secrets = credentialsOf(access, peer.address)
    const metadata = new Metadata()
    for (const [name, value] of Object.entries({ ...headers, ...secrets })) metadata.set(name, value)
    try {
      await peer.use((client) => call(client, path, message, metadata, timeoutMs, signal))
      access.certificate?.accepted()
    } catch (error) {
      signal.throwIfAborted()
      if (!isServiceError(error)) throw connectionFailure(error, peer.address)
      const { certificate, tls } = access
      throw grpcFailure(error, { peer: peer.address, isSecure: tls !== undefined, certificate, secrets, records })
    }
  }

  const send = async (one: Call, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const peer = peers[turn++ % peers.length]
      if (peer === undefined) throw new RetryableError('no gateway is named', { needsOperator: true })
      try {
        return await callOnce(peer, one, signal)
      } catch (failure) {
        signal.throwIfAborted()
        if (failure instanceof PermanentError || attempt >= attempts || !isOtherPeersChance(failure)) throw failure
        await sleep(PAUSE_MS, undefined, { signal })
      }
    }
  }

  const present = async (peer: GrpcPeer, signal: AbortSignal): Promise<void> => {
    try {
      await callOnce(peer, { path: PRESENCE_PATH, message: Buffer.alloc(0), headers: {}, records: undefined }, signal)
    } catch (failure) {
      if (signal.aborted) throw new RetryableError(`${peer.address}: no answer yet`, { cause: failure })
      if (!(failure instanceof RetryableError && failure.status === Status.UNIMPLEMENTED)) throw failure
    }
  }

  return {
    sinks: {
      metrics: createSinkByKey((delivery, signal) => {
        const message = decompress(delivery.value, MAX_BYTES)
        return send({ path: METRICS_PATH, message, headers: envelopeHeaders(delivery), records: delivery.headers.records }, signal)
      }),
      logs: createSinkByKey((delivery, signal) => {
        const isJson = logsEncoding === 'json'
        const message = wrapBatch(isJson ? logsJson(delivery) : delivery.value)
        const records = isJson ? undefined : delivery.headers.records
        return send({ path: LOGS_PATH, message, headers: envelopeHeaders(delivery), records }, signal)
      }),
    },
    check: async (signal) => {
      signal.throwIfAborted()
      await Promise.any(peers.map((peer) => present(peer, signal))).catch((error: unknown) => {
        throw error instanceof AggregateError ? new RetryableError(error.errors.map(errorMessage).join('; '), { cause: error }) : error
      })
    },
    close: async () => {
      await Promise.all(peers.map((peer) => peer.close()))
    },
  }
}

type Call = {
  readonly path: string
  readonly message: Buffer
  readonly headers: Record<string, string>
  /** See {@link GrpcFailureContext.records}. */
  readonly records: number | undefined
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

/** @throws RetryableError when the token's file cannot be used */
function credentialsOf({ token }: GrpcAccess, peer: string): Record<string, string> {
  try {
    return token === undefined ? {} : { authorization: `Bearer ${token()}` }
  } catch (error) {
    throw new RetryableError(`${peer}: ${errorMessage(error)}`, { cause: error, needsOperator: true })
  }
}

import { errorMessage, type Kind, type Logger } from '@clymene/model'
import { type Address, createOnceIn, formatAddress, listenError, type Metrics } from '@clymene/runtime'
import { fromHeaders, unwrapBatch } from '@clymene/wire'
import { type handleUnaryCall, Metadata, Server, ServerCredentials, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js'

import { type Answer, answerTo, OVERLOADED, refusedKind } from './answer.ts'
import type { Intake } from './intake.ts'
import type { ServerTls } from './tls.ts'

export type GrpcServerOptions = {
  readonly address: Address
  readonly flagName: string
  readonly intake: Intake
  readonly kinds: ReadonlySet<Kind>
  readonly tls: ServerTls | undefined
  readonly maxBodyBytes: number
  readonly maxConnectionAgeMs: number
  readonly idleTimeoutMs: number
  readonly metrics: Metrics
  readonly logger: Logger
}

export type GrpcServer = {
  readonly address: Address
  /** No new calls; pending ones may finish until `timeoutMs` has passed. */
  readonly stop: (timeoutMs: number) => Promise<void>
}

// Messages stay bytes in both directions; an empty answer is an empty message.
const unary = (path: string) => ({
  path,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
})
const METRICS_SERVICE: ServiceDefinition = { RequestMetrics: unary('/prometheus.ClymeneService/RequestMetrics') }
const LOGS_SERVICE: ServiceDefinition = { TransferBatch: unary('/logproto.Gateway/TransferBatch') }

/** The two gRPC services of the original. OK only after the acknowledgement. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': options.maxBodyBytes,
    'grpc.max_send_message_length': 64 * 1024,
    // A message is in memory before it can be refused: few at a time per connection.
    'grpc.max_concurrent_streams': 32,
    'grpc.max_connection_idle_ms': options.idleTimeoutMs,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    // Ages are varied so that agents which came together do not go together.
    ...(options.maxConnectionAgeMs === 0
      ? {}
      : {
          'grpc.max_connection_age_ms': Math.round(options.maxConnectionAgeMs * (0.9 + Math.random() * 0.2)),
          'grpc.max_connection_age_grace_ms': 30_000,
        }),
  })
  server.addService(METRICS_SERVICE, { RequestMetrics: unaryCall(options, 'metrics', (bytes) => bytes) })
  server.addService(LOGS_SERVICE, { TransferBatch: unaryCall(options, 'logs', unwrapBatch) })
  const address = await bind(server, options)
  return { address, stop: (timeoutMs) => stop(server, timeoutMs) }
}

function unaryCall(
  { intake, kinds, metrics, logger }: GrpcServerOptions,
  kind: Kind,
  bodyOf: (bytes: Buffer) => Uint8Array,
): handleUnaryCall<Buffer, Buffer> {
  const requests = metrics.counter('clymene_gateway_requests_total', 'Requests by protocol, kind and status', [
    'protocol',
    'kind',
    'status',
  ])
  const onceIn = createOnceIn(10_000)
  const accept = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Answer | undefined> => {
    if (!kinds.has(kind)) return refusedKind(kind)
    const reserved = call.request.length
    if (!intake.reserve(reserved)) return OVERLOADED
    const gone = new AbortController()
    call.once('cancelled', () => gone.abort())
    try {
      const form = kind === 'metrics' ? 'raw' : 'message'
      await intake.accept({ kind, protocol: 'grpc', form, bytes: bodyOf(call.request), headers: headersOf(call.metadata) }, gone.signal)
      return undefined
    } catch (error) {
      const answer = answerTo(error)
      if (answer.http === 500) logger.error('call failed', { kind, error: error instanceof Error ? error.stack : errorMessage(error) })
      return answer
    } finally {
      intake.release(reserved)
    }
  }
  return (call, callback) => {
    void accept(call).then((answer) => {
      requests.inc({ protocol: 'grpc', kind, status: answer?.http ?? 200 })
      if (answer === undefined) return callback(null, Buffer.alloc(0))
      if (answer.http !== 499)
        onceIn(`${kind} ${answer.http} ${answer.reason}`, (heldBack) => {
          logger.warn('call refused', { kind, status: answer.grpc, error: answer.reason, repeated: heldBack })
        })
      const metadata = new Metadata()
      if (answer.retryAfter !== undefined) metadata.set('retry-after', String(answer.retryAfter))
      return callback({ code: answer.grpc, details: answer.reason, metadata })
    })
  }
}

const headersOf = (metadata: Metadata) => fromHeaders((name) => metadata.get(name)[0]?.toString(), { trustScanned: false })

function bind(server: Server, { address, flagName, tls }: GrpcServerOptions): Promise<Address> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(tls.clientCa ?? null, [{ cert_chain: tls.cert, private_key: tls.key }], tls.clientCa !== undefined)
  const host = address.host === '' ? '::' : address.host
  return new Promise((resolve, reject) => {
    server.bindAsync(formatAddress({ host, port: address.port }), credentials, (error, port) => {
      if (error === null) resolve({ host: address.host, port })
      else reject(listenError(Object.assign(error, { code: bindErrorCode(error) }), address, flagName))
    })
  })
}

/** grpc-js tells the system's error in words only. */
const bindErrorCode = (error: Error): string => /\b(EADDRINUSE|EADDRNOTAVAIL|EACCES|ENOTFOUND)\b/.exec(error.message)?.[1] ?? ''

function stop(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), timeoutMs)
    server.tryShutdown(() => {
      clearTimeout(force)
      resolve()
    })
  })
}

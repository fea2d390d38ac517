import { errorMessage, type Kind, type Logger } from '@clymene/model'
import { type Address, createOnceIn, type Metrics } from '@clymene/runtime'
import { fromHeaders, REFUSED_HEADER, unwrapBatch } from '@clymene/wire'
import { type handleUnaryCall, Metadata, Server, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js'

import { type Answer, answerTo, FORBIDDEN, OVERLOADED, refusedKind } from './answer.ts'
import type { Admission } from './credentials/admission.ts'
import { secureContextOf, type ServerTls } from './credentials/certificate.ts'
import { createGrpcAdmission, type GrpcAdmission } from './grpc-admission.ts'
import { createGrpcListener, type GrpcListener } from './grpc-listener.ts'
import type { Intake } from './intake.ts'

export type GrpcServerOptions = {
  readonly address: Address
  readonly flagName: string
  readonly intake: Intake
  readonly admission: Admission
  readonly kinds: ReadonlySet<Kind>
  readonly tls: ServerTls | undefined
  readonly maxBodyBytes: number
  readonly maxConnectionAgeMs: number
  readonly idleTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly metrics: Metrics
  readonly logger: Logger
}

export type GrpcServer = {
  readonly address: Address
  /** No new calls; pending ones may finish until `timeoutMs` has passed. */
  readonly stop: (timeoutMs: number) => Promise<void>
  /** New connections get this certificate; those that are open go on. */
  readonly setTls: (tls: ServerTls) => void
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
const LOGS_PATH = '/logproto.Gateway/TransferBatch'
const LOGS_SERVICE: ServiceDefinition = { TransferBatch: unary(LOGS_PATH) }
/** How our agents ask whether they would be taken. Without a method of that name grpc-js would answer everybody the same. */
const PRESENCE_PATH = '/clymene.Presence/Ask'
const PRESENCE_SERVICE: ServiceDefinition = { Ask: unary(PRESENCE_PATH) }
const answerPresence: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, Buffer.alloc(0))

/** The two gRPC services of the original. OK only after the acknowledgement. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const requests = options.metrics.counter('clymene_gateway_requests_total', 'Requests by protocol, kind and status', [
    'protocol',
    'kind',
    'status',
  ])
  const count: Count = (kind, status) => requests.inc({ protocol: 'grpc', kind, status })
  const admission = createGrpcAdmission({
    admission: options.admission,
    certificates: () => listener.certificates,
    onRefused: (path, { http }) => {
      if (path !== PRESENCE_PATH) count(path === LOGS_PATH ? 'logs' : 'metrics', http)
    },
  })
  const server = new Server({
    interceptors: [admission.interceptor],
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
  const call = { ...options, count, grantOf: admission.grantOf, forbidden: admission.forbidden }
  server.addService(METRICS_SERVICE, { RequestMetrics: unaryCall(call, 'metrics', (bytes) => bytes) })
  server.addService(LOGS_SERVICE, { TransferBatch: unaryCall(call, 'logs', unwrapBatch) })
  server.addService(PRESENCE_SERVICE, { Ask: answerPresence })
  const listener: GrpcListener = createGrpcListener({ ...options, server })
  const address = await listener.listen(options.address, options.flagName)
  return {
    address,
    stop: async (timeoutMs) => {
      listener.refuse()
      await stop(server, timeoutMs)
      await listener.close()
    },
    setTls: (tls) => listener.setTls?.(secureContextOf(tls)),
  }
}

type Count = (kind: Kind, status: number) => void

type CallOptions = Pick<GrpcServerOptions, 'intake' | 'kinds' | 'logger'> &
  Pick<GrpcAdmission, 'grantOf' | 'forbidden'> & { readonly count: Count }

function unaryCall(
  { intake, kinds, logger, count, grantOf, forbidden }: CallOptions,
  kind: Kind,
  bodyOf: (bytes: Buffer) => Uint8Array,
): handleUnaryCall<Buffer, Buffer> {
  const onceIn = createOnceIn(10_000)
  const accept = async (call: ServerUnaryCall<Buffer, Buffer>): Promise<Answer | undefined> => {
    if (!kinds.has(kind)) return refusedKind(kind)
    const reserved = call.request.length
    if (!intake.reserve(reserved)) return OVERLOADED
    const gone = new AbortController()
    call.once('cancelled', () => gone.abort())
    try {
      const form = kind === 'metrics' ? 'raw' : 'message'
      const { request, metadata } = call
      const message = { bytes: bodyOf(request), headers: headersOf(metadata), grant: grantOf(metadata) }
      await intake.accept({ kind, protocol: 'grpc', form, ...message }, gone.signal)
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
      count(kind, answer?.http ?? 200)
      if (answer === undefined) return callback(null, Buffer.alloc(0))
      if (answer.http === FORBIDDEN.http) forbidden(call.metadata, answer.reason)
      else if (answer.http !== 499)
        onceIn(`${kind} ${answer.http} ${answer.reason}`, (heldBack) => {
          const peer = call.getPeer().replace(/:\d+$/, '')
          logger.warn('call refused', { kind, peer, status: answer.grpc, error: answer.reason, repeated: heldBack })
        })
      const metadata = new Metadata()
      if (answer.retryAfter !== undefined) metadata.set('retry-after', String(answer.retryAfter))
      if (answer.refused !== undefined) metadata.set(REFUSED_HEADER, answer.refused)
      return callback({ code: answer.grpc, details: answer.reason, metadata })
    })
  }
}

const headersOf = (metadata: Metadata) => fromHeaders((name) => metadata.get(name)[0]?.toString(), { trustScanned: false })

function stop(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), timeoutMs)
    server.tryShutdown(() => {
      clearTimeout(force)
      resolve()
    })
  })
}

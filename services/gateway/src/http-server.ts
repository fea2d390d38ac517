import { Server as TlsServer } from 'node:tls'

import { errorMessage, type Kind, type Logger } from '@clymene/model'
import { createOnceIn, type Metrics } from '@clymene/runtime'
import { fromHeaders, REFUSED_HEADER } from '@clymene/wire'
import { status as grpcStatus } from '@grpc/grpc-js'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { answerTo, FORBIDDEN, OVERLOADED, refusedKind, type Answer } from './answer.ts'
import { closeAgedConnections } from './connection-age.ts'
import type { Admission } from './credentials/admission.ts'
import { secureContextOf, tlsServerOptions, type ServerTls } from './credentials/certificate.ts'
import { watchTls } from './credentials/client-certificates.ts'
import type { Grant } from './credentials/tokens.ts'
import type { Intake } from './intake.ts'

export type HttpServerOptions = {
  readonly intake: Intake
  readonly admission: Admission
  readonly kinds: ReadonlySet<Kind>
  readonly tls: ServerTls | undefined
  readonly maxBodyBytes: number
  readonly maxConnections: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxConnectionAgeMs: number
  readonly metrics: Metrics
  readonly logger: Logger
}

const ROUTES: readonly { readonly path: string; readonly kind: Kind }[] = [
  { path: '/api/metrics', kind: 'metrics' },
  { path: '/api/v1/write', kind: 'metrics' },
  { path: '/api/logs', kind: 'logs' },
  { path: '/loki/api/v1/push', kind: 'logs' },
]

/** The HTTP receivers. 204 only after the acknowledgement; every refusal is a line of text that says why. */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { intake, admission, kinds, metrics, logger, maxBodyBytes } = options
  const requests = metrics.counter('clymene_gateway_requests_total', 'Requests by protocol, kind and status', [
    'protocol',
    'kind',
    'status',
  ])
  const onceIn = createOnceIn(10_000)
  const server = serverOf(options)
  closeAgedConnections(server, options.maxConnectionAgeMs)
  // Bodies stay bytes: whatever the content type says, nothing is parsed here.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) => done(null, body))

  const send = (reply: FastifyReply, kind: Kind, answer: Answer, isTold = answer.http === 499): FastifyReply => {
    requests.inc({ protocol: 'http', kind, status: answer.http })
    if (!isTold)
      onceIn(`${kind} ${answer.http} ${answer.reason}`, (heldBack) => {
        const peer = reply.request.raw.socket.remoteAddress
        logger.warn('request refused', { kind, peer, status: answer.http, error: answer.reason, repeated: heldBack })
      })
    if (answer.retryAfter !== undefined) void reply.header('retry-after', answer.retryAfter)
    if (answer.refused !== undefined) void reply.header(REFUSED_HEADER, answer.refused)
    if (answer.http === 401) void reply.header('www-authenticate', 'Bearer')
    return reply.code(answer.http).type('text/plain; charset=utf-8').send(`${answer.reason}\n`)
  }

  const certificates =
    options.tls === undefined
      ? undefined
      : watchTls(server.server, { server: 'http', requiresCertificate: options.tls.clientCa !== undefined, metrics, logger })
  const grants = new WeakMap<FastifyRequest, Grant>()
  // Before a body is read, and before it counts as bytes in flight.
  server.addHook('onRequest', async (request, reply) => {
    const { grant, refusal } = admission.admit({
      protocol: 'http',
      authorization: request.headers.authorization,
      peer: request.raw.socket,
      certificates,
    })
    if (grant !== undefined) grants.set(request, grant)
    return refusal === undefined ? undefined : send(reply, kindOf(request), refusal, true)
  })

  for (const { path, kind } of ROUTES) {
    server.route({
      method: 'POST',
      url: path,
      onRequest: async (request, reply) => {
        const bytes = announcedBytes(request, maxBodyBytes)
        if (!kinds.has(kind)) return send(reply, kind, refusedKind(kind))
        if (!intake.reserve(bytes)) return send(reply, kind, OVERLOADED)
        reply.raw.once('close', () => intake.release(bytes))
        return undefined
      },
      handler: async (request, reply) => {
        try {
          const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
          const form = request.headers['content-encoding'] === 'gzip' ? 'gzip' : 'message'
          const grant = grants.get(request)
          await intake.accept({ kind, protocol: 'http', form, bytes, headers: headersOf(request), grant }, abortOf(reply))
          requests.inc({ protocol: 'http', kind, status: 204 })
          return await reply.code(204).send()
        } catch (error) {
          const answer = answerTo(error)
          if (answer.http === FORBIDDEN.http) {
            // By its own key: the text has what the sender says in it.
            admission.forbidden({ protocol: 'http', peer: request.raw.socket }, answer.reason)
            return send(reply, kind, answer, true)
          }
          if (answer.http === 500)
            logger.error('request failed', { kind, error: error instanceof Error ? error.stack : errorMessage(error) })
          return send(reply, kind, answer)
        }
      },
    })
    server.route({
      method: ['GET', 'PUT', 'DELETE', 'PATCH'],
      url: path,
      // Our agents ask by GET whether somebody is there: no news.
      handler: ({ method }, reply) =>
        send(reply.header('allow', 'POST'), kind, { http: 405, grpc: grpcStatus.OK, reason: `${path} takes POST` }, method === 'GET'),
    })
  }
  server.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('text/plain; charset=utf-8')
      .send(`no such path; this gateway takes POST on ${ROUTES.map(({ path }) => path).join(', ')}\n`),
  )
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const kind = kindOf(request)
    const http = error.statusCode ?? 500
    if (http >= 500) logger.error('request failed', { kind, error: error.stack })
    return send(reply, kind, {
      http,
      grpc: grpcStatus.OK,
      reason: http === 413 ? `body over ${maxBodyBytes} bytes (--gateway.max-body-bytes)` : http >= 500 ? 'internal error' : error.message,
    })
  })
  return server
}

/** New connections get this certificate; those that are open go on. */
export function setHttpTls({ server }: FastifyInstance, tls: ServerTls): void {
  if (server instanceof TlsServer) server.setSecureContext(secureContextOf(tls))
}

const kindOf = ({ url }: FastifyRequest): Kind => ROUTES.find(({ path }) => url.startsWith(path))?.kind ?? 'metrics'

function serverOf(options: HttpServerOptions): FastifyInstance {
  const { tls, maxBodyBytes, headerTimeoutMs, bodyTimeoutMs, idleTimeoutMs, maxConnections } = options
  const common = {
    bodyLimit: maxBodyBytes,
    requestTimeout: bodyTimeoutMs,
    keepAliveTimeout: idleTimeoutMs,
    forceCloseConnections: 'idle' as const,
    exposeHeadRoutes: false,
  }
  const server = (
    tls === undefined
      ? fastify({ ...common, http: { connectionsCheckingInterval: 1000 } })
      : fastify({
          ...common,
          https: {
            connectionsCheckingInterval: 1000,
            ...tlsServerOptions(tls),
            handshakeTimeout: headerTimeoutMs,
          },
        })
  ) as
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- with https only the type of the raw server differs
    FastifyInstance
  server.server.headersTimeout = headerTimeoutMs
  server.server.maxConnections = maxConnections
  return server
}

/** What a request may hold: what it announces, or the limit when it does not say. */
function announcedBytes(request: FastifyRequest, limit: number): number {
  const announced = Number(request.headers['content-length'])
  return Number.isSafeInteger(announced) && announced >= 0 ? Math.min(announced, limit) : limit
}

const headersOf = (request: FastifyRequest) => {
  const get = (name: string): string | undefined => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }
  const headers = fromHeaders(get, { trustScanned: false })
  const tenant = headers.tenant ?? get('x-scope-orgid')
  return tenant === undefined || tenant === '' ? headers : { ...headers, tenant }
}

/** Aborts when the sender has gone: nobody waits for the answer any more. */
function abortOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

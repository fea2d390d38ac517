import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

import type { Kind, OpenStorage } from '@clymene/model'
import { createMetrics, parseFlags } from '@clymene/runtime'
import { ServerCredentials, status as Status } from '@grpc/grpc-js'

import { storages } from '../registry.ts'
import { startGrpcReceiver } from './grpc-receiver.ts'
import { startHttpReceiver, type ReceivedRequest } from './http-receiver.ts'
import { createRecordingLogger, type LoggedLine } from './recording-logger.ts'

/** What a server of the tests does with a write. */
export type Reply = { readonly status: number; readonly text?: string }
export type Judge = (headers: IncomingHttpHeaders) => Reply
export type ServerTls = { readonly ca?: string; readonly cert: string; readonly key: string; readonly asksForCertificate?: boolean }

export type WayServer = {
  readonly port: number
  /** Headers of the writes so far. */
  readonly writes: readonly IncomingHttpHeaders[]
  readonly stop: () => Promise<void> | void
}

/** A storage that is reached over a network, with a server that speaks its protocol. */
export type Way = {
  readonly name: string
  readonly storage: string
  readonly kind: Kind
  /** Before the names of its TLS flags, and of the flags of its credentials. */
  readonly tlsPrefix: string
  readonly prefix: string
  /** Has it user, password and headers, or just a token? */
  readonly takes: 'all' | 'token'
  readonly flagsOf: (host: string, port: number, isSecure: boolean) => readonly string[]
  readonly serve: (judge: Judge, tls?: ServerTls) => Promise<WayServer>
}

/** Opens it as a service does. */
export async function openWay(
  way: Way,
  { port }: Pick<WayServer, 'port'>,
  flags: readonly string[],
  { host = '127.0.0.1', isSecure = false }: { readonly host?: string; readonly isSecure?: boolean } = {},
): Promise<{ readonly storage: OpenStorage; readonly lines: readonly LoggedLine[] }> {
  const storage = storages.find(({ name }) => name === way.storage)
  if (storage === undefined) throw new Error(`no storage is called ${way.storage}`)
  const { logger, lines } = createRecordingLogger()
  const { values } = parseFlags(storage.flags, [...way.flagsOf(host, port, isSecure), ...flags], {})
  return { storage: await storage.open({ flags: values, logger, version: '9.9', metrics: createMetrics() }), lines }
}

const urlOf = (host: string, port: number, isSecure: boolean): string => `http${isSecure ? 's' : ''}://${host}:${port}`

type Answer = (request: ReceivedRequest, response: ServerResponse, reply: Reply) => void

const plainAnswer: Answer = (_, response, { status, text }) => response.writeHead(status).end(text)

/** As Elasticsearch: it says so, and a bulk that is taken is answered item by item. */
const elasticsearchAnswer: Answer = ({ path, body }, response, { status, text = '' }) => {
  response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json')
  if (status >= 300) {
    response.writeHead(status).end(JSON.stringify({ error: { type: 'security_exception', reason: text }, status }))
  } else {
    const lines = path.includes('_bulk') ? body.toString().trimEnd().split('\n').length / 2 : 0
    response.writeHead(200).end(JSON.stringify({ items: Array.from({ length: lines }, () => ({ create: { status: 201 } })) }))
  }
}

const serveHttp =
  (answer: Answer): Way['serve'] =>
  async (judge, tls) => {
    const writes: IncomingHttpHeaders[] = []
    const receiver = await startHttpReceiver(
      (request, response) => {
        if (request.method === 'POST') writes.push(request.headers)
        answer(request, response, judge(request.headers))
      },
      tls && { ...tls, requestCert: tls.asksForCertificate === true, rejectUnauthorized: tls.asksForCertificate === true },
    )
    return { port: receiver.port, writes, stop: receiver.stop }
  }

const GRPC_STATUS: Readonly<Record<number, Status>> = {
  400: Status.INVALID_ARGUMENT,
  401: Status.UNAUTHENTICATED,
  403: Status.PERMISSION_DENIED,
}

const serveGrpc: Way['serve'] = async (judge, tls) => {
  const writes: IncomingHttpHeaders[] = []
  const credentials =
    tls &&
    ServerCredentials.createSsl(
      tls.ca === undefined ? null : Buffer.from(tls.ca),
      [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }],
      tls.asksForCertificate === true,
    )
  const receiver = await startGrpcReceiver(
    ({ metadata }, reply) => {
      const headers = Object.fromEntries(Object.entries(metadata.getMap()).map(([name, value]) => [name, value.toString()]))
      writes.push(headers)
      const { status, text = '' } = judge(headers)
      if (status < 300) reply(null, Buffer.alloc(0))
      else reply({ code: GRPC_STATUS[status] ?? Status.UNKNOWN, details: text })
    },
    credentials === undefined ? {} : { credentials },
  )
  return { port: Number(receiver.address.split(':').at(-1)), writes, stop: receiver.stop }
}

const http = (storage: string, kind: Kind, prefix: string, path: string): Way => ({
  name: storage,
  storage,
  kind,
  prefix,
  tlsPrefix: prefix,
  takes: 'all',
  flagsOf: (host, port, isSecure) => [`--${prefix}.url=${urlOf(host, port, isSecure)}${path}`],
  serve: serveHttp(plainAnswer),
})

/** Every storage that credentials are for. */
export const WAYS: readonly Way[] = [
  http('prometheus', 'metrics', 'prometheus.remote', '/api/v1/write'),
  http('cortex', 'metrics', 'cortex.distributor', '/api/v1/push'),
  http('loki', 'logs', 'loki.client', '/loki/api/v1/push'),
  {
    ...http('elasticsearch', 'logs', 'es', ''),
    flagsOf: (host, port, isSecure) => [
      `--es.server-urls=${urlOf(host, port, isSecure)}`,
      '--es.create-templates=false',
      ...(isSecure ? ['--es.tls.enabled'] : []),
    ],
    serve: serveHttp(elasticsearchAnswer),
  },
  {
    ...http('gateway', 'logs', 'gateway', ''),
    name: 'gateway by HTTP',
    tlsPrefix: 'gateway.http-client',
    takes: 'token',
    flagsOf: (host, port, isSecure) => {
      const url = urlOf(host, port, isSecure)
      return [
        '--gateway.service-type=http',
        `--gateway.http-client.url=${url}/api/metrics`,
        `--gateway.http-client.logs.url=${url}/api/logs`,
      ]
    },
  },
  {
    name: 'gateway by gRPC',
    storage: 'gateway',
    kind: 'metrics',
    prefix: 'gateway',
    tlsPrefix: 'gateway.grpc-client',
    takes: 'token',
    flagsOf: (host, port, isSecure) => [
      `--gateway.grpc-client.host-port=${host}:${port}`,
      ...(isSecure ? ['--gateway.grpc-client.tls.enabled'] : []),
    ],
    serve: serveGrpc,
  },
]

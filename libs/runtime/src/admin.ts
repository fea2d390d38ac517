import fastify, { type FastifyInstance } from 'fastify'

import { type AdminAction, doAction, jsonPage, servePage, type PageAnswer } from './admin-pages.ts'
import type { Address } from './flag.ts'
import { listen } from './listen.ts'
import type { Metrics } from './metrics.ts'
import type { Readiness } from './readiness.ts'
import type { Version } from './version.ts'

export type AdminOptions = {
  readonly address: Address
  /** Name of the flag that gave the address, for the error of a port in use. */
  readonly flagName: string
  /** Path of the metrics; `none` serves none. */
  readonly metricsRoute: string
  readonly metrics: Metrics
  readonly readiness: Readiness
  readonly version: Version
}

export type AdminServer = {
  readonly address: Address
  /**
   * Serves as JSON, from now on, what `answer` gives for a GET of this path below `/api/`: known only once a service is put together.
   * An answer that rejects, or takes longer than 20 s, is 503 with the reason.
   */
  readonly serveJson: (path: `/api/${string}`, answer: JsonAnswer) => void
  /** Serves, from now on, GET and HEAD of this path; `/`, the health, cannot be taken. */
  readonly serve: (path: `/${string}`, answer: PageAnswer) => void
  /** Does, from now on, what a POST of this path asks for. */
  readonly act: (path: `/${string}`, action: AdminAction) => void
  readonly close: () => Promise<void>
}

export type JsonAnswer = (signal: AbortSignal) => Promise<unknown>

/** Serves health, metrics and version until closed. It listens before anything else, so that 503 is an answer from the start. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const pages = new Map<string, PageAnswer>()
  const actions = new Map<string, AdminAction>()
  const server = createAdminServer({ ...options, pages, actions })
  const address = await listen(server, options.address, options.flagName)
  return {
    address,
    serveJson: (path, answer) => void pages.set(path, jsonPage(answer)),
    serve: (path, answer) => void pages.set(path, answer),
    act: (path, action) => void actions.set(path, action),
    close: () => server.close(),
  }
}

/**
 * The routes of the admin port: `/` (and GET of any other path that is not below `/api/` and not served by the service) health as the original's JSON, `/livez` 200 while the process
 * serves, `/readyz` and `/ready` 200 or 503 with a reason a line and remarks that keep nothing from it, `/reasons` the same text with 200 always (a Kubernetes API server's
 * proxy is asked with clients that drop the body of a 503), the metrics, `/version`, and what a service adds.
 */
export function createAdminServer({
  metricsRoute,
  metrics,
  readiness,
  version,
  pages = new Map(),
  actions = new Map(),
}: Omit<AdminOptions, 'address' | 'flagName'> & {
  readonly pages?: ReadonlyMap<string, PageAnswer>
  readonly actions?: ReadonlyMap<string, AdminAction>
}): FastifyInstance {
  const server = fastify({
    forceCloseConnections: true,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    bodyLimit: 64 * 1024,
    schemaController: { compilersFactory: { buildValidator: withoutSchemas, buildSerializer: withoutSchemas } },
  })
  // Nobody looks at a body: none is read, of whatever type.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, _body, done) => done(null))
  server.get('/livez', (_request, reply) => reply.type('text/plain').send('ok\n'))
  // The second is where Promtail says it.
  for (const path of ['/readyz', '/ready']) {
    server.get(path, (_request, reply) => {
      const reasons = readiness.reasons()
      return reply
        .code(reasons.length === 0 ? 200 : 503)
        .type('text/plain')
        .send(formatReasons(reasons, readiness.remarks()))
    })
  }
  server.get('/reasons', (_request, reply) => reply.type('text/plain').send(formatReasons(readiness.reasons(), readiness.remarks())))
  server.get('/version', (_request, reply) => reply.send(version))
  if (metricsRoute !== 'none') {
    server.get(metricsRoute, async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()))
  }
  server.get('/api/*', (request, reply) => servePage(pages, request, reply) ?? reply.code(404).send({ error: NOT_SERVED }))
  server.get('/', (_request, reply) => sendHealth(readiness, reply))
  server.setNotFoundHandler(
    (request, reply) =>
      doAction(actions, request, reply) ??
      servePage(pages, request, reply) ??
      // Health for an answer would tell who asks for something to be done that it was.
      (READS.has(request.method) ? sendHealth(readiness, reply) : reply.code(404).send({ error: NOT_DONE })),
  )
  return server
}

const formatReasons = (reasons: readonly string[], remarks: readonly string[]): string =>
  [...(reasons.length === 0 ? ['ready'] : reasons), ...remarks.map((remark) => `remark: ${remark}`)].map((line) => `${line}\n`).join('')

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const NOT_DONE = 'nothing is done here: this service has no such action, or has not started yet'
const NOT_SERVED = 'nothing is served here: this service keeps no such thing, or has not started yet'

type Reply = { code: (status: number) => { send: (body: unknown) => unknown } }

function sendHealth(readiness: Readiness, reply: Reply): unknown {
  const since = readiness.upSinceMs()
  if (since === undefined) return reply.code(503).send({ status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' })
  return reply
    .code(200)
    .send({ status: 'Server available', upSince: new Date(since).toISOString(), uptime: formatUptime(Date.now() - since) })
}

/** As Go prints a duration: `1h2m3.456s`. */
export function formatUptime(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000)
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000)
  const seconds = (milliseconds % 60_000) / 1000
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`
}

/** No route has a schema: the compilers of schemas, which fastify loads at its start, take 4 MB. */
const withoutSchemas = (): never => {
  throw new Error('routes of the admin port have no schemas')
}

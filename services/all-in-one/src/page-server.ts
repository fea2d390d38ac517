import { isIP } from 'node:net'

import { labelValue, type Labels } from '@clymene/model'
import type { EmbeddedStore } from '@clymene/storages'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'

import { readFlow, type HopSource } from './flow.ts'
import type { PageAsset } from './page-assets.ts'
import { createParameters, type Parameters } from './parameters.ts'

export type PageServerOptions = {
  readonly assets: readonly PageAsset[]
  readonly hops: readonly HopSource[]
  /** Absent when the ingester writes to other stores: charts and lines then say where to look. */
  readonly store: EmbeddedStore | undefined
  /** How often this machine is read; 0 when it is not. The page's rates look back over a few of these. */
  readonly hostIntervalMs: number
  readonly cluster: string
  readonly version: string
  readonly now?: () => number
}

const MAX_LINES = 1000
const MAX_SERIES = 1000
const FNS = ['last', 'rate', 'raw'] as const

/** The page and the JSON that it reads; docs/api.md describes each answer. Reads only. */
export function createPageServer({
  assets,
  hops,
  store,
  hostIntervalMs,
  cluster,
  version,
  now = Date.now,
}: PageServerOptions): FastifyInstance {
  const server = fastify({ forceCloseConnections: true, requestTimeout: 30_000, keepAliveTimeout: 60_000, bodyLimit: 1024 })
  server.addHook('onRequest', async (request, reply) => {
    // A page of elsewhere that makes its name point here must not read this machine's logs.
    if (isOwnName(request.headers.host)) return undefined
    return reply.code(421).type('text/plain').send('this page answers under localhost or an IP address only\n')
  })
  for (const { path, type, body } of assets) {
    server.get(path, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'no-cache')
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', POLICY)
        .send(body),
    )
  }
  const startedMs = now()
  server.get('/api/flow', async () => {
    const read = await readFlow(hops)
    return { timestampMs: now(), startedMs, cluster, version, embedded: store !== undefined, hostIntervalMs, hops: read }
  })
  server.get('/api/stats', (_request, reply) => withStore(store, reply, (one) => one.stats()))
  server.get('/api/series', (request, reply) =>
    answer(request.query, store, reply, async (one, parameters) => {
      const query = { matchers: parameters.matchers('match'), limit: parameters.integer('limit', 100, 1, MAX_SERIES) }
      parameters.finish()
      return { series: (await one.series(query.matchers, query.limit)).map((series) => ({ ...series, labels: objectOf(series.labels) })) }
    }),
  )
  server.get('/api/range', (request, reply) =>
    answer(request.query, store, reply, async (one, parameters, gone) => {
      const toMs = parameters.integer('to', now(), 0)
      const query = {
        name: parameters.required('name'),
        matchers: parameters.matchers('match'),
        toMs,
        fromMs: parameters.integer('from', toMs - 300_000, 0),
        stepMs: parameters.integer('step', 5000, 1),
        fn: parameters.oneOf('fn', FNS, 'last'),
        windowMs: parameters.optionalInteger('window', 1),
        by: parameters.list('by'),
      }
      parameters.finish()
      const series = await one.range(query, gone)
      return { series: series.map(({ labels, points }) => ({ labels: objectOf(labels), points })) }
    }),
  )
  server.get('/api/logs', (request, reply) =>
    answer(request.query, store, reply, async (one, parameters, gone) => {
      const text = parameters.optional('text')
      const before = parameters.optional('before')
      const from = parameters.optionalInteger('from')
      const to = parameters.optionalInteger('to')
      const query = {
        matchers: parameters.matchers('match'),
        limit: parameters.integer('limit', 100, 1, MAX_LINES),
        ...(text === undefined || text === '' ? {} : { text }),
        ...(before === undefined ? {} : { before }),
        ...(from === undefined ? {} : { fromNs: BigInt(from) * 1_000_000n }),
        ...(to === undefined ? {} : { toNs: BigInt(to) * 1_000_000n }),
      }
      parameters.finish()
      const lines = await one.logs(query, gone)
      return {
        lines: lines.map(({ timestampNs, labels, line, cursor }) => ({
          timestampMs: Number(timestampNs / 1_000_000n),
          timestampNs: String(timestampNs),
          labels: objectOf(labels),
          line,
          cursor,
        })),
      }
    }),
  )
  server.setErrorHandler((error: Error, _request, reply) => {
    const status = error.name === 'QueryError' ? 400 : 500
    return reply.code(status).send({ error: error.message })
  })
  return server
}

const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

async function answer(
  query: unknown,
  store: EmbeddedStore | undefined,
  reply: FastifyReply,
  read: (store: EmbeddedStore, parameters: Parameters, gone: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  return withStore(store, reply, (one) => {
    // Who types on in the filter leaves searches behind: they end when nobody waits for them.
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    return read(one, createParameters(query), gone.signal)
  })
}

export const NO_STORE = 'STORAGE_TYPE does not hold embedded: look at the stores it names'

const withStore = (store: EmbeddedStore | undefined, reply: FastifyReply, read: (store: EmbeddedStore) => unknown): unknown =>
  store === undefined ? reply.code(404).send({ error: NO_STORE }) : read(store)

const isOwnName = (host: string | undefined): boolean => {
  const name = (host ?? '').replace(/:\d+$/, '').replaceAll(/[[\]]/g, '')
  return name === 'localhost' || isIP(name) !== 0
}

/** For JSON; `__proto__` becomes a key like any other. */
const objectOf = (labels: Labels): object => Object.fromEntries(labels.map(([name]) => [name, labelValue(labels, name)]))

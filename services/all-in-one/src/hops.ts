import type { Route } from '@clymene/ingester'
import { KINDS, type Bus, type Kind } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'
import type { StoreStats } from '@clymene/storages'

import { cachedFor } from './cached-for.ts'
import { stateOf, total, type Hop, type HopSource } from './flow.ts'

export type ServiceView = { readonly metrics: Metrics; readonly readiness: Readiness }

export type HopsOptions = {
  readonly agent: ServiceView
  readonly gateway: ServiceView
  readonly ingester: ServiceView
  readonly bus: Bus
  readonly busName: string
  readonly topics: ReadonlyMap<Kind, string>
  readonly routes: readonly Pick<Route, 'kind' | 'storage' | 'topic' | 'group'>[]
  /** Of the embedded store, when there is one. */
  readonly storeStats: (() => StoreStats) | undefined
}

type RouteView = HopsOptions['routes'][number]

const LAG_TIMEOUT_MS = 3000
/** With Kafka a lag costs three requests; the page asks every two seconds, once per tab. */
const LAG_EVERY_MS = 2000
const STORED = 'clymene_storage_written_records_total'
const REQUESTS = 'clymene_gateway_requests_total'

/** The stops of the data as the page shows them: agent, gateway, bus, ingester, and each storage. */
export function createHops({ agent, gateway, ingester, bus, busName, topics, routes, storeStats }: HopsOptions): readonly HopSource[] {
  const lagOf = lagsOf(bus, routes)
  const received = async () => ({
    metrics: await total(gateway.metrics, 'clymene_gateway_received_records_total', { kind: 'metrics' }),
    logs: await total(gateway.metrics, 'clymene_gateway_received_records_total', { kind: 'logs' }),
  })
  return [
    {
      name: 'agent',
      storage: false,
      errorsAre: 'samples and lines whose delivery failed and is tried again, or was refused',
      read: async () => ({
        ...stateOf(agent.readiness),
        ...(await written(agent, {})),
        errors: await failed(agent, {}),
        note: 'delivered to the gateway',
      }),
    },
    {
      name: 'gateway',
      storage: false,
      errorsAre: 'requests that were not answered with success',
      read: async () => ({
        ...stateOf(gateway.readiness),
        ...(await received()),
        errors: await refusedRequests(gateway.metrics),
        note: 'acknowledged to senders',
      }),
    },
    {
      name: 'bus',
      storage: false,
      errorsAre: 'messages that were deleted by age or size before every storage had them',
      read: async () => {
        const away = bus.unavailable()
        return {
          ready: away === undefined,
          reasons: away === undefined ? [] : [away],
          ...(await received()),
          errors: await expired(gateway.metrics),
          ...(await lagOf(routes)),
          note: `${busName}: ${[...topics.values()].join(', ')}`,
        }
      },
    },
    {
      name: 'ingester',
      storage: false,
      errorsAre: 'dead letters',
      read: async () => ({
        ...stateOf(ingester.readiness),
        ...(await inEveryStorage(ingester, routes)),
        errors: await total(ingester.metrics, 'clymene_delivery_dead_letters_total'),
        note: 'written to every store',
      }),
    },
    ...[...new Set(routes.map(({ storage }) => storage))].map((storage): HopSource => ({
      name: storage,
      storage: true,
      errorsAre: 'samples and lines whose write failed and is tried again, or was refused',
      read: async () => {
        const own = ingester.readiness.reasons().filter((reason) => reason.startsWith(`storage ${storage}:`))
        return {
          ready: own.length === 0,
          reasons: own,
          ...(await written(ingester, { storage })),
          errors: await failed(ingester, { storage }),
          ...(await lagOf(routes.filter((route) => route.storage === storage))),
          ...(storage === 'embedded' && storeStats !== undefined ? { note: holds(storeStats()) } : {}),
        }
      },
    })),
  ]
}

type Labels = Readonly<Record<string, string>>

const written = async ({ metrics }: ServiceView, labels: Labels) => ({
  metrics: await total(metrics, STORED, { ...labels, kind: 'metrics', status: 'stored' }),
  logs: await total(metrics, STORED, { ...labels, kind: 'logs', status: 'stored' }),
})

const failed = async ({ metrics }: ServiceView, labels: Labels): Promise<number> =>
  (await total(metrics, STORED, { ...labels, status: 'refused' })) + (await total(metrics, STORED, { ...labels, status: 'retryable' }))

/** What the slowest storage of each kind has: the sum over storages would count each record several times. */
async function inEveryStorage(ingester: ServiceView, routes: readonly RouteView[]): Promise<Readonly<Record<Kind, number>>> {
  const least = async (kind: Kind): Promise<number> => {
    const storages = routes.filter((route) => route.kind === kind).map(({ storage }) => storage)
    const counts = await Promise.all(storages.map((storage) => total(ingester.metrics, STORED, { storage, kind, status: 'stored' })))
    return counts.length === 0 ? 0 : Math.min(...counts)
  }
  const [metrics, logs] = await Promise.all(KINDS.map(least))
  return { metrics: metrics ?? 0, logs: logs ?? 0 }
}

const refusedRequests = async (metrics: Metrics): Promise<number> =>
  (await total(metrics, REQUESTS)) -
  (await total(metrics, REQUESTS, { status: '204' })) -
  (await total(metrics, REQUESTS, { status: '200' }))

const expired = async (metrics: Metrics): Promise<number> =>
  (await total(metrics, 'clymene_bus_expired_records_total')) + (await total(metrics, 'clymene_kafka_expired_messages_total'))

/** The largest lag of some routes; none when the bus does not tell. That hides nothing else of the hop: `unavailable` says why. */
function lagsOf(bus: Bus, routes: readonly RouteView[]): (of: readonly RouteView[]) => Promise<Pick<Hop, 'lag'>> {
  const asks = new Map(
    routes.map((route) => [
      route,
      cachedFor(LAG_EVERY_MS, async () => {
        const partitions = await bus.lag(route.topic, route.group, AbortSignal.timeout(LAG_TIMEOUT_MS))
        return Number(partitions.reduce((sum, { committed, end }) => sum + (end - committed), 0n))
      }),
    ]),
  )
  return async (of) => {
    const outcomes = await Promise.allSettled(of.map((route) => asks.get(route)?.() ?? Promise.resolve(0)))
    const known = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value)
    return known.length < outcomes.length || known.length === 0 ? {} : { lag: Math.max(...known) }
  }
}

const holds = ({ series, streams, bytes, maxBytes }: StoreStats): string =>
  `${series} series, ${streams} streams; ${mebibytes(bytes)} of ${mebibytes(maxBytes)} MiB`

const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0)

import type { Route } from '@clymene/ingester'
import type { Bus, Kind } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'

import { stateOf, total, type HopSource } from './flow.ts'

export type ServiceView = { readonly metrics: Metrics; readonly readiness: Readiness }

export type HopsOptions = {
  readonly agent: ServiceView
  readonly gateway: ServiceView
  readonly ingester: ServiceView
  readonly bus: Bus
  readonly busName: string
  readonly topics: ReadonlyMap<Kind, string>
  readonly routes: readonly Route[]
}

const LAG_TIMEOUT_MS = 3000
const STORED = 'clymene_storage_written_records_total'

/** The stops of the data as the page shows them: agent, gateway, bus, ingester, and each storage. */
export function createHops({ agent, gateway, ingester, bus, busName, topics, routes }: HopsOptions): readonly HopSource[] {
  const written = async ({ metrics }: ServiceView, labels: Readonly<Record<string, string>>) => ({
    metrics: await total(metrics, STORED, { ...labels, kind: 'metrics', status: 'stored' }),
    logs: await total(metrics, STORED, { ...labels, kind: 'logs', status: 'stored' }),
  })
  const failed = async ({ metrics }: ServiceView, labels: Readonly<Record<string, string>>): Promise<number> =>
    (await total(metrics, STORED, { ...labels, status: 'refused' })) + (await total(metrics, STORED, { ...labels, status: 'retryable' }))
  const received = (kind: Kind): Promise<number> => total(gateway.metrics, 'clymene_gateway_received_records_total', { kind })
  const lagOf = async (route: Route): Promise<number> => {
    const partitions = await bus.lag(route.topic, route.group, AbortSignal.timeout(LAG_TIMEOUT_MS))
    return Number(partitions.reduce((sum, { committed, end }) => sum + (end - committed), 0n))
  }

  return [
    {
      name: 'agent',
      read: async () => ({
        ...stateOf(agent.readiness),
        ...(await written(agent, {})),
        errors: await failed(agent, {}),
        note: 'samples and lines that the gateway has',
      }),
    },
    {
      name: 'gateway',
      read: async () => ({
        ...stateOf(gateway.readiness),
        metrics: await received('metrics'),
        logs: await received('logs'),
        errors: (await total(gateway.metrics, 'clymene_gateway_requests_total')) - (await answered(gateway.metrics)),
        note: 'acknowledged to senders',
      }),
    },
    {
      name: 'bus',
      read: async () => {
        const away = bus.unavailable()
        return {
          ready: away === undefined,
          reasons: away === undefined ? [] : [away],
          metrics: await received('metrics'),
          logs: await received('logs'),
          errors: await total(gateway.metrics, 'clymene_bus_expired_records_total'),
          lag: Math.max(0, ...(await Promise.all(routes.map(lagOf)))),
          note: `${busName}, topics ${[...topics.values()].join(' and ')}`,
        }
      },
    },
    {
      name: 'ingester',
      read: async () => ({
        ...stateOf(ingester.readiness),
        ...(await written(ingester, {})),
        errors: await deadLetters(ingester.metrics),
        note: 'errors are dead letters',
      }),
    },
    ...[...new Set(routes.map(({ storage }) => storage))].map((storage): HopSource => ({
      name: storage,
      read: async () => {
        const own = ingester.readiness.reasons().filter((reason) => reason.startsWith(`storage ${storage}:`))
        return {
          ready: own.length === 0,
          reasons: own,
          ...(await written(ingester, { storage })),
          errors: await failed(ingester, { storage }),
          lag: Math.max(0, ...(await Promise.all(routes.filter((route) => route.storage === storage).map(lagOf)))),
        }
      },
    })),
  ]
}

const answered = async (metrics: Metrics): Promise<number> =>
  (await total(metrics, 'clymene_gateway_requests_total', { status: '204' })) +
  (await total(metrics, 'clymene_gateway_requests_total', { status: '200' }))

const deadLetters = (metrics: Metrics): Promise<number> => total(metrics, 'clymene_delivery_dead_letters_total')

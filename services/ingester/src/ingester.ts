import type { Bus, Kind, Logger } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'
import { createDelivery, type StorageTarget } from '@clymene/storages'

export type IngesterOptions = {
  readonly bus: Bus
  /** The topic of each kind that is served. */
  readonly topics: ReadonlyMap<Kind, string>
  /** Prefix of the consumer groups: one group per storage and topic. */
  readonly groupId: string
  /** Sinks of each kind by storage name, undecorated. */
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  /** Lets a new group start where `groupId` itself stands, so that changing over from one group repeats nothing. */
  readonly seedGroup?: (from: string, to: string, topic: string, signal: AbortSignal) => Promise<void>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Pick<Readiness, 'watch'>
}

export type Route = StorageTarget & { readonly kind: Kind; readonly topic: string; readonly group: string }

export type Ingester = {
  readonly routes: readonly Route[]
  /** Delivers until the signal aborts. Rejects when a topic cannot be read any more: the process then has to end and be started anew. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** One consumer group per storage and topic: a storage that is down lags and catches up, the others go on. */
export const groupOf = (groupId: string, storage: string, topic: string): string => `${groupId}-${storage}-${topic}`

export function createIngester(options: IngesterOptions): Ingester {
  const { bus, topics, groupId, sinks, seedGroup, metrics, logger, readiness } = options
  const routes = [...topics].flatMap(([kind, topic]) =>
    (sinks.get(kind) ?? []).map((target): Route => ({ ...target, kind, topic, group: groupOf(groupId, target.storage, topic) })),
  )
  const deliver = async ({ kind, topic, storage, group, sink, storesParts }: Route, signal: AbortSignal): Promise<void> => {
    await seedGroup?.(groupId, group, topic, signal)
    await createDelivery({ bus, topic, group, kind, storage, sink, storesParts, metrics, logger, readiness }).run(signal)
  }
  return {
    routes,
    run: async (signal) => {
      // When one can read no more the others finish what they have and the process ends.
      const failed = new AbortController()
      const both = AbortSignal.any([signal, failed.signal])
      const outcomes = await Promise.allSettled(
        routes.map((route) =>
          deliver(route, both).catch((error: unknown) => {
            if (both.aborted) return
            logger.error('delivery ended', { topic: route.topic, storage: route.storage, group: route.group, error })
            failed.abort()
            throw error
          }),
        ),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    },
  }
}

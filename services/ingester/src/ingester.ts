import type { Bus, Kind, Logger } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'
import { createBatchHandler, type BatchHandlerOptions, type BodyLimits, type StorageTarget } from '@clymene/storages'

import { groupOf } from './groups.ts'
import { inOneGroup } from './in-one-group.ts'

export type IngesterOptions = {
  readonly bus: Bus
  /** The topic of each kind that is served. */
  readonly topics: ReadonlyMap<Kind, string>
  /** Prefix of the consumer groups, one group per storage and topic; or the one group of all storages, then of one topic. */
  readonly groupId: string
  /** Default true. */
  readonly isGroupPerStorage?: boolean
  /** Rejects when the one group has members that read anything but the topic. */
  readonly expectOwnMembers?: (group: string, topic: string, signal: AbortSignal) => Promise<void>
  /** Sinks of each kind by storage name, undecorated. */
  readonly sinks: ReadonlyMap<Kind, readonly StorageTarget[]>
  /** Lets a new group start where `groupId` itself stands, so that changing over from one group repeats nothing. */
  readonly seedGroup?: (from: string, to: string, topic: string, signal: AbortSignal) => Promise<void>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Pick<Readiness, 'watch'>
  /** None when nobody keeps books. */
  readonly ledger?: BatchHandlerOptions['ledger']
  /** What differs from the limits of the kind. */
  readonly limits?: Partial<BodyLimits>
}

export type Route = StorageTarget & { readonly kind: Kind; readonly topic: string; readonly group: string }

export type Ingester = {
  readonly routes: readonly Route[]
  /** Delivers until the signal aborts. Rejects when a topic cannot be read any more: the process then has to end and be started anew. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

export function createIngester(options: IngesterOptions): Ingester {
  const { bus, topics, groupId, isGroupPerStorage = true, sinks, metrics, logger, readiness, ledger, limits = {} } = options
  const routes = [...topics].flatMap(([kind, topic]) =>
    (sinks.get(kind) ?? []).map((target): Route => {
      return { ...target, kind, topic, group: isGroupPerStorage ? groupOf(groupId, target.storage, topic) : groupId }
    }),
  )
  /** Each is read once: by a storage for itself, or by all of them together. */
  const readings = isGroupPerStorage
    ? routes.map((route) => [route])
    : [...topics.keys()].map((kind) => routes.filter((one) => one.kind === kind))

  const deliver = async ({ topic, group }: Route, together: readonly Route[], signal: AbortSignal): Promise<void> => {
    if (isGroupPerStorage) await options.seedGroup?.(groupId, group, topic, signal)
    else await options.expectOwnMembers?.(group, topic, signal)
    const handlers = together.map(({ kind, storage, sink, storesParts, onReturn }) =>
      createBatchHandler({ bus, topic, group, kind, storage, sink, storesParts, onReturn, metrics, logger, readiness, ledger, limits }),
    )
    const [only, another] = handlers
    await bus.consume(topic, group, only !== undefined && another === undefined ? only : inOneGroup(handlers), signal)
  }
  return {
    routes,
    run: async (signal) => {
      // When one can read no more the others finish what they have and the process ends.
      const failed = new AbortController()
      const both = AbortSignal.any([signal, failed.signal])
      const outcomes = await Promise.allSettled(
        readings.map(async (together) => {
          const [route] = together
          if (route === undefined) return
          try {
            await deliver(route, together, both)
          } catch (error) {
            if (both.aborted) return
            const storage = together.map((one) => one.storage).join(', ')
            logger.error('delivery ended', { topic: route.topic, storage, group: route.group, error })
            failed.abort()
            throw error
          }
        }),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    },
  }
}

import type { Metrics } from '@clymene/runtime'

import type { Resource } from './resources.ts'

export type WatchMetrics = {
  readonly event: (resource: Resource, event: 'add' | 'update' | 'delete' | 'bookmark' | 'error') => void
  readonly failure: (resource: Resource, reason: string) => void
  readonly restart: (resource: Resource, reason: 'timeout' | 'failure' | 'expired') => void
}

/** What is known of one watch now. */
export type WatchState = {
  readonly resource: Resource
  readonly objects: number
  /** When the server was heard last, by performance.now(); undefined before the first time. */
  readonly heardMs: number | undefined
}

export function createWatchMetrics(metrics: Metrics, watches: () => Iterable<WatchState>): WatchMetrics {
  const events = metrics.counter('clymene_agent_sd_kubernetes_events_total', 'Events of watches of the Kubernetes API', [
    'resource',
    'event',
  ])
  const failures = metrics.counter(
    'clymene_agent_sd_kubernetes_failures_total',
    'Requests to the Kubernetes API that failed or broke off',
    ['resource', 'reason'],
  )
  const restarts = metrics.counter(
    'clymene_agent_sd_kubernetes_restarts_total',
    'Watches begun anew: after their time was over, after a failure, or with a new list because the server forgot the old version',
    ['resource', 'reason'],
  )
  metrics.gauge('clymene_agent_sd_kubernetes_objects', 'Objects of the Kubernetes API that are known', ['resource'], (gauge) => {
    gauge.reset()
    for (const { resource, objects } of watches()) gauge.inc({ resource }, objects)
  })
  metrics.gauge(
    'clymene_agent_sd_kubernetes_last_sync_age_seconds',
    'Time since the Kubernetes API was heard last, of the watch that waits longest',
    ['resource'],
    (gauge) => {
      gauge.reset()
      const ages = new Map<Resource, number>()
      for (const { resource, heardMs } of watches()) {
        if (heardMs !== undefined) ages.set(resource, Math.max(ages.get(resource) ?? 0, (performance.now() - heardMs) / 1000))
      }
      for (const [resource, age] of ages) gauge.set({ resource }, age)
    },
  )
  return {
    event: (resource, event) => events.inc({ resource, event }),
    failure: (resource, reason) => failures.inc({ resource, reason }),
    restart: (resource, reason) => restarts.inc({ resource, reason }),
  }
}

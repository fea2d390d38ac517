import { ApiError } from '@clymene/discovery'
import type { Metrics } from '@clymene/runtime'

/** What is asked of the API server. */
export type Asked = 'events' | 'terminations' | 'lease'

export type EventMetrics = {
  readonly leads: (leads: boolean) => void
  readonly written: (asked: Asked) => void
  readonly acknowledged: (asked: Asked) => void
  /** What was written and not acknowledged will be collected again, here or elsewhere. */
  readonly forgotten: () => void
  readonly heard: (asked: Asked) => void
  readonly restarted: (asked: Asked, reason: 'timeout' | 'failure' | 'expired') => void
  readonly failed: (asked: Asked, error: unknown) => void
  readonly leftOut: (asked: Asked) => void
  readonly overflowed: (label: 'kind' | 'reason') => void
  readonly positionFailed: () => void
  readonly refused: (entries: number) => void
}

export function createEventMetrics(metrics: Metrics): EventMetrics {
  let leading = false
  let waiting = 0
  let waitingSinceMs = 0
  const heardMs = new Map<Asked, number>()
  metrics.gauge('clymene_agent_events_leader', 'Whether this agent is the one that collects events', [], (gauge) =>
    gauge.set(leading ? 1 : 0),
  )
  metrics.gauge(
    'clymene_agent_events_lag_seconds',
    'How long events have been waiting to be taken by the buffer; 0 when none is',
    [],
    (gauge) => gauge.set(waiting === 0 ? 0 : (performance.now() - waitingSinceMs) / 1000),
  )
  metrics.gauge(
    'clymene_agent_events_heard_age_seconds',
    'Time since the Kubernetes API was heard last; a watch is begun anew every one or two minutes',
    ['source'],
    (gauge) => {
      gauge.reset()
      for (const [source, atMs] of leading ? heardMs : []) gauge.set({ source }, (performance.now() - atMs) / 1000)
    },
  )
  const entries = metrics.counter('clymene_agent_events_entries_total', 'Log entries made of the cluster that the buffer has', ['source'])
  const restarts = metrics.counter(
    'clymene_agent_events_watch_restarts_total',
    'Watches begun anew: after their time was over, after a failure, or with a list because the server forgot what came next',
    ['source', 'reason'],
  )
  const failures = metrics.counter(
    'clymene_agent_events_failures_total',
    'Requests to the Kubernetes API for events, pods or the Lease that failed',
    ['source', 'reason'],
  )
  const tooLarge = metrics.counter('clymene_agent_events_too_large_total', 'Objects that were larger than the limit and passed over', [
    'source',
  ])
  const overflow = metrics.counter(
    'clymene_agent_events_other_values_total',
    'Entries whose label says "other", because it has had too many different values',
    ['label'],
  )
  const positionErrors = metrics.counter('clymene_agent_events_position_errors_total', 'Times the position of events could not be written')
  const refused = metrics.counter('clymene_agent_events_refused_total', 'Log entries made of the cluster that the buffer refused for good')
  return {
    leads: (leads) => {
      leading = leads
      if (!leads) heardMs.clear()
    },
    written: () => {
      if (waiting++ === 0) waitingSinceMs = performance.now()
    },
    acknowledged: (source) => {
      waiting--
      waitingSinceMs = performance.now()
      entries.inc({ source })
    },
    forgotten: () => {
      waiting = 0
    },
    heard: (source) => void heardMs.set(source, performance.now()),
    restarted: (source, reason) => restarts.inc({ source, reason }),
    failed: (source, error) => failures.inc({ source, reason: error instanceof ApiError ? String(error.status) : 'connection' }),
    leftOut: (source) => tooLarge.inc({ source }),
    overflowed: (label) => overflow.inc({ label }),
    positionFailed: () => positionErrors.inc(),
    refused: (count) => refused.inc(count),
  }
}

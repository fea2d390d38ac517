import type { Metrics } from '@clymene/runtime'

/** One running discoverer. */
export type Discovery = {
  /** How many targets it knows now. */
  targets: number
  /** When it last learned how the world is, by performance.now(); undefined before the first time. */
  heardMs: number | undefined
}

export type DiscoveryMetrics = {
  /** @returns what the gauges show of it, to be written by who runs it; `close` takes it away. */
  readonly open: (kind: string) => { readonly state: Discovery; readonly close: () => void }
  readonly success: (kind: string) => void
  readonly failure: (kind: string, reason: string) => void
}

/** What is counted of the discoverers that ask a server: http, dns, consul, docker; and of the one that looks at folders of pods. */
export function createDiscoveryMetrics(metrics: Metrics): DiscoveryMetrics {
  const running = new Set<{ readonly kind: string; readonly state: Discovery }>()
  const lookups = metrics.counter('clymene_agent_sd_lookups_total', 'Questions to servers of targets that were answered', ['kind'])
  const failures = metrics.counter(
    'clymene_agent_sd_lookup_failures_total',
    'Questions to servers of targets that failed, or whose answer was wrong or beyond a limit; the targets of before stay',
    ['kind', 'reason'],
  )
  metrics.gauge('clymene_agent_sd_targets', 'Targets that http, dns, consul, docker and pod log discovery know', ['kind'], (gauge) => {
    gauge.reset()
    for (const { kind, state } of running) gauge.inc({ kind }, state.targets)
  })
  metrics.gauge(
    'clymene_agent_sd_last_lookup_age_seconds',
    'Time since the last answer, of the discoverer that waits longest',
    ['kind'],
    (gauge) => {
      gauge.reset()
      const ages = new Map<string, number>()
      for (const { kind, state } of running)
        if (state.heardMs !== undefined) ages.set(kind, Math.max(ages.get(kind) ?? 0, (performance.now() - state.heardMs) / 1000))
      for (const [kind, age] of ages) gauge.set({ kind }, age)
    },
  )
  return {
    open: (kind) => {
      const one = { kind, state: { targets: 0, heardMs: undefined } }
      running.add(one)
      return { state: one.state, close: () => void running.delete(one) }
    },
    success: (kind) => lookups.inc({ kind }),
    failure: (kind, reason) => failures.inc({ kind, reason }),
  }
}

import { KINDS, type Kind } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import type { Expired } from './retention.ts'
import type { StoreStats } from './store.ts'

export type StoreObserver = {
  readonly stored: (kind: Kind, records: number) => void
  readonly expired: (expired: Expired) => void
}

/** The store's own metrics; without `metrics` nothing is counted. */
export function observeStore(metrics: Metrics | undefined, stats: () => StoreStats): StoreObserver {
  if (metrics === undefined) return { stored: () => {}, expired: () => {} }
  const stored = metrics.counter('clymene_embedded_stored_records_total', 'Samples and log lines that were new to the embedded store', [
    'kind',
  ])
  const expired = metrics.counter(
    'clymene_embedded_expired_records_total',
    'Samples and log lines that the embedded store deleted, by age or to stay within its size',
    ['kind', 'reason'],
  )
  for (const kind of KINDS) stored.inc({ kind }, 0)
  for (const kind of KINDS) for (const reason of ['age', 'size']) expired.inc({ kind, reason }, 0)
  metrics.gauge('clymene_embedded_bytes', 'Size of the embedded store on disk', [], (gauge) => gauge.set(stats().bytes))
  metrics.gauge('clymene_embedded_max_bytes', 'Size that the embedded store may reach', [], (gauge) => gauge.set(stats().maxBytes))
  metrics.gauge('clymene_embedded_series', 'Series in the embedded store', [], (gauge) => gauge.set(stats().series))
  metrics.gauge('clymene_embedded_streams', 'Log streams in the embedded store', [], (gauge) => gauge.set(stats().streams))
  return {
    stored: (kind, records) => stored.inc({ kind }, records),
    expired: ({ samples, lines, reason }) => {
      expired.inc({ kind: 'metrics', reason }, samples)
      expired.inc({ kind: 'logs', reason }, lines)
    },
  }
}

import { PermanentError, type Delivery, type Kind, type Sink } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'

import { createFreshness } from '../delivery/freshness.ts'

export type ObservedOptions = { readonly storage: string; readonly kind: Kind; readonly metrics: Metrics }

/** Counts and times every write of a sink: what was stored and how old it was then, what the storage refused, what has to be tried again. */
export function observed(sink: Sink, { storage, kind, metrics }: ObservedOptions): Sink {
  const records = metrics.counter(
    'clymene_storage_written_records_total',
    'Samples or entries sent to a storage, by what came of it: stored, refused, retryable (sent again) or aborted',
    ['storage', 'kind', 'status'],
  )
  const bytes = metrics.counter('clymene_storage_written_bytes_total', 'Compressed bytes that a storage has acknowledged', [
    'storage',
    'kind',
  ])
  const seconds = metrics.histogram('clymene_storage_write_seconds', 'Duration of one write', ['storage', 'kind'])
  const bodyRecords = metrics.histogram(
    'clymene_storage_body_records',
    'Samples or entries in one write',
    ['storage', 'kind'],
    [1, 10, 100, 1000, 5000, 10_000, 20_000, 50_000, 100_000],
  )
  const fresh = createFreshness({ storage, kind, metrics })
  return {
    write: async (deliveries, signal) => {
      const count = deliveries.reduce((sum, { headers }) => sum + (headers.records ?? 0), 0)
      const stop = seconds.startTimer({ storage, kind })
      bodyRecords.observe({ storage, kind }, count)
      try {
        await sink.write(deliveries, signal)
        records.inc({ storage, kind, status: 'stored' }, count)
        bytes.inc({ storage, kind }, bytesOf(deliveries))
        fresh(deliveries)
      } catch (error) {
        const named = error instanceof PermanentError ? error.refused?.length : undefined
        const status = signal.aborted ? 'aborted' : error instanceof PermanentError ? 'refused' : 'retryable'
        records.inc({ storage, kind, status }, named ?? count)
        if (named !== undefined) records.inc({ storage, kind, status: 'stored' }, Math.max(count - named, 0))
        throw error
      } finally {
        stop()
      }
    },
  }
}

const bytesOf = (deliveries: readonly Delivery[]): number => deliveries.reduce((sum, { value }) => sum + value.length, 0)

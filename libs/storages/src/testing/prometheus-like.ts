import { PermanentError, type Sink } from '@clymene/model'

import { readMetrics } from './messages.ts'

export type PrometheusLike = Sink & {
  /** `i@timestamp` of everything stored, in order. */
  readonly stored: readonly string[]
  /** `i@timestamp` of what was dropped in silence: older than another sample of the same body. */
  readonly lost: readonly string[]
  /** The bodies that were tried, each as its samples. */
  readonly bodies: readonly (readonly string[])[]
}

/**
 * A store with Prometheus' manners (tried on 2.42): a sample older than what is stored makes it refuse the whole body, the same
 * time with another value too; the newest sample again is fine; inside one body an older sample is dropped with a 204.
 */
export function createPrometheusLike(): PrometheusLike {
  const newest = new Map<string, { timestampMs: number; value: number }>()
  const stored: string[] = []
  const lost: string[] = []
  const bodies: string[][] = []
  return {
    stored,
    lost,
    bodies,
    write: async (deliveries) => {
      const samples = deliveries.flatMap(({ value }) =>
        readMetrics(value).flatMap(({ labels, samples: all }) =>
          all.map((one) => ({ name: labels.find(([name]) => name === 'i')?.[1] ?? '', ...one })),
        ),
      )
      bodies.push(samples.map(({ name, timestampMs }) => `${name}@${timestampMs}`))
      for (const { name, timestampMs, value } of samples) {
        const last = newest.get(name)
        if (last === undefined || timestampMs > last.timestampMs) continue
        if (timestampMs < last.timestampMs) throw refusal('out of order sample')
        if (value !== last.value) throw refusal('duplicate sample for timestamp')
      }
      for (const { name, timestampMs, value } of samples) {
        const last = newest.get(name)
        if (last !== undefined && timestampMs < last.timestampMs) lost.push(`${name}@${timestampMs}`)
        else if (last?.timestampMs !== timestampMs) stored.push(`${name}@${timestampMs}`)
        if (last === undefined || timestampMs > last.timestampMs) newest.set(name, { timestampMs, value })
      }
    },
  }
}

const refusal = (text: string): PermanentError => new PermanentError(text, { status: 400, repeatLike: true })

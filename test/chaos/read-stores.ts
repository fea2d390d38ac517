import { parseRfc3339 } from '@clymene/wire'

import { documentsIn, linesIn, samplesIn, type Document } from '../e2e/stores.ts'
import type { Engines } from './engines.ts'
import type { Evidence, Stored } from './evidence.ts'
import { seriesText } from './series-text.ts'

/** A clock that was moved ahead stamps what is to come. */
const AHEAD_MS = 600_000

/** Everything that the stores have of a cluster. */
export async function readStores({ stores }: Engines, cluster: string): Promise<Evidence['stores']> {
  const [prometheus, loki, samples, lines] = await Promise.all([
    samplesIn(stores.prometheus.url, `{cluster="${cluster}"}`, Date.now() + AHEAD_MS),
    linesIn(stores.loki.url, `{cluster="${cluster}"}`),
    documentsIn(stores.elasticsearch.url, `metrics-clymene.samples-${cluster}`),
    documentsIn(stores.elasticsearch.url, `logs-clymene.lines-${cluster}`),
  ])
  return {
    prometheus: prometheus.flatMap(({ labels, samples: found }) => {
      const series = seriesText(Object.entries(labels))
      return found.map(([timestampMs, value]) => ({ kind: 'metrics' as const, series, time: String(timestampMs), value: String(value) }))
    }),
    loki: loki.map(({ labels, line, timestampNs }) => ({
      kind: 'logs' as const,
      series: seriesText(Object.entries(labels)),
      time: String(timestampNs),
      value: line,
    })),
    elasticsearch: [...samples.flatMap(sampleOf), ...lines.map(lineOf)],
  }
}

/** A mark that a series is over has no value. */
function sampleOf({ id, source }: Document): readonly Stored[] {
  if (typeof source['value'] !== 'number') return []
  const series = seriesText([['__name__', String(source['name'])], ...labelsOf(source)])
  return [{ id, kind: 'metrics', series, time: String(source['@timestamp']), value: String(source['value']) }]
}

const lineOf = ({ id, source }: Document): Stored => ({
  id,
  kind: 'logs',
  series: seriesText(labelsOf(source)),
  time: String(parseRfc3339(String(source['@timestamp']))),
  value: String(source['message']),
})

const labelsOf = (source: Document['source']): readonly (readonly [string, string])[] =>
  Object.entries(source['labels'] ?? {}).map(([name, value]) => [name, String(value)] as const)

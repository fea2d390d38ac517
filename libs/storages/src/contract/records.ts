import { randomBytes } from 'node:crypto'

import { PROTOBUF, type Delivery, type Kind, type Label, type LogStream, type TimeSeries } from '@clymene/model'
import { compress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'

/** Name of the series or stream, seconds after the base, text of the line (of metrics its length is the value). */
export type Records = readonly (readonly [series: string, second: number, text: string])[]

/** One moment for the whole run, milliseconds: near enough to now for every store to take it. */
export const BASE_MS = Math.floor(Date.now() / 1000) * 1000 - 60_000

export const never = (): AbortSignal => new AbortController().signal
export const newCluster = (): string => `contract-${randomBytes(6).toString('hex')}`

export function deliveryOf(kind: Kind, cluster: string, records: Records, sequence = 1): Delivery {
  if (kind === 'metrics') {
    return metricsDelivery(
      records.map(([series, second, text]) => seriesOf(cluster, series, text.length, BASE_MS + second * 1000)),
      sequence,
    )
  }
  const streams = records.map(([stream, second, line]) => ({
    labels: labelsOf(cluster, stream),
    entries: [{ timestampNs: BigInt(BASE_MS + second * 1000) * 1_000_000n + 1n, line }],
  }))
  return envelope('logs', compress(encodePushRequest(streams)), records.length, sequence)
}

export const metricsDelivery = (series: readonly TimeSeries[], sequence: number): Delivery =>
  envelope('metrics', compress(encodeWriteRequest(series)), series.length, sequence)

const envelope = (kind: Kind, value: Buffer, records: number, sequence: number): Delivery => ({
  kind,
  key: '/contract/a/0',
  value,
  headers: { contentType: PROTOBUF, agent: 'a', epoch: BASE_MS, sequence, records, scanned: true },
  position: 0,
})

export const seriesOf = (cluster: string, series: string, value: number, timestampMs: number): TimeSeries => ({
  labels: [['__name__', 'contract'], ...labelsOf(cluster, series)],
  samples: [{ timestampMs, value }],
})

const labelsOf = (cluster: string, series: string): readonly Label[] => [
  ['cluster', cluster],
  ['series', series],
]

export const textsOf = (kind: Kind, records: Records): string[] =>
  records.map(([series, second, text]) => {
    const ms = BASE_MS + second * 1000
    return kind === 'metrics' ? `${series} ${ms} ${text.length}` : `${series} ${BigInt(ms) * 1_000_000n + 1n} ${text}`
  })

export type ReadBack = {
  readonly metrics?: (cluster: string) => Promise<readonly TimeSeries[]>
  readonly logs?: (cluster: string) => Promise<readonly LogStream[]>
}

/** Everything held, one text a sample or entry, sorted. */
export async function heldBy({ metrics, logs }: ReadBack, kind: Kind, cluster: string): Promise<readonly string[]> {
  const nameOf = (labels: readonly Label[]): string => labels.find(([label]) => label === 'series')?.[1] ?? ''
  const texts =
    kind === 'metrics'
      ? ((await metrics?.(cluster)) ?? []).flatMap(({ labels, samples }) =>
          samples.map(({ timestampMs, value }) => `${nameOf(labels)} ${timestampMs} ${String(value)}`),
        )
      : ((await logs?.(cluster)) ?? []).flatMap(({ labels, entries }) =>
          entries.map(({ timestampNs, line }) => `${nameOf(labels)} ${timestampNs} ${line}`),
        )
  return texts.toSorted()
}

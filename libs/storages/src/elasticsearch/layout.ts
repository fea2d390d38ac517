import type { Labels } from '@clymene/model'

/** How samples and entries become documents; one for each `--es.mode`. Everything is JSON text: it is what a bulk body is made of. */
export type Layout = {
  /** Bulk action of a document, but for its `_id`: `{"create":{"_index":"…","_id":"`. */
  readonly metricAction: (labels: Labels) => string
  readonly logAction: (labels: Labels) => string
  /** What documents of one series have in common, for {@link sample}. */
  readonly series: (labels: Labels, tenant: string) => string
  readonly sample: (series: string, sample: SampleValue) => string
  readonly stream: (labels: Labels, tenant: string) => string
  readonly entry: (stream: string, entry: EntryText) => string
}

export type SampleValue = {
  readonly timestampMs: number
  readonly value: number
  /** Prometheus' staleness marker: the series has ended. */
  readonly stale: boolean
}

export type EntryText = { readonly timestampNs: bigint; readonly line: string; readonly metadata: Labels }

export const action = (index: string): string => `{"create":{"_index":${JSON.stringify(index)},"_id":"`

/** `"value":1.5`; JSON has no NaN and no infinities, so these are words in a field of their own, and the number is left out. */
export function valueFields({ value, stale }: SampleValue): string {
  if (Number.isFinite(value)) return `"value":${value}`
  if (stale) return '"stale":true'
  return `"value_text":"${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}"`
}

/** Members of an object without its braces: `"a":"b","c":"d"`; '' when there are none. */
export const labelMembers = (labels: Labels): string =>
  labels.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')

let second = Number.NaN
let secondText = ''

/** RFC 3339 in UTC with nine digits. Lines come by the thousand a second, so the text of the last second is kept: 0.3 µs instead of 1. */
export function rfc3339Nano(timestampNs: bigint): string {
  const nanos = Number(BigInt.asIntN(64, ((timestampNs % NANOS) + NANOS) % NANOS))
  const seconds = Number((timestampNs - BigInt(nanos)) / NANOS)
  if (seconds !== second) {
    second = seconds
    // Beyond what Date can say (the year 275760) the number stays, and Elasticsearch refuses it by name.
    secondText = Math.abs(seconds) <= 8.64e12 ? new Date(seconds * 1000).toISOString().slice(0, -5) : String(seconds)
  }
  return `${secondText}.${String(nanos).padStart(9, '0')}Z`
}

const NANOS = 1_000_000_000n

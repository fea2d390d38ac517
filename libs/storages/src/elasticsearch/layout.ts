import type { Labels } from '@clymene/model'

import type { JsonBytes } from './json-bytes.ts'
import type { LabelTable } from './label-table.ts'

/** How samples and entries become documents; one for each `--es.mode`. Everything is the JSON that a bulk body is made of. */
export type Layout = {
  /** Bulk action of a document of that cluster, but for its `_id`: `{"create":{"_index":"…","_id":"`. */
  readonly metricAction: (cluster: string) => string
  readonly logAction: (cluster: string) => string
  /** Appends what documents of one series have in common: members with a comma behind each. */
  readonly series: (out: JsonBytes, labels: LabelTable, tenant: string) => void
  /** Appends a document; `series` is what {@link series} wrote. */
  readonly sample: (out: JsonBytes, series: JsonBytes, timestampMs: number, value: number, isStale: boolean) => void
  /** What documents of one stream have in common, as that of a series. */
  readonly stream: (labels: Labels, tenant: string) => string
  /** Appends a document. */
  readonly entry: (out: JsonBytes, stream: Buffer, entry: EntryBytes) => void
}

export type EntryBytes = {
  readonly timestampNs: bigint
  readonly metadata: Labels
  /** The line is `bytes[start, end)`. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

export const action = (index: string): string => `{"create":{"_index":${JSON.stringify(index)},"_id":"`

/** Appends `"value":1.5`; JSON has no NaN and no infinities, so these are words in a field of their own, and the number is left out. */
export function writeValue(out: JsonBytes, value: number, isStale: boolean): void {
  if (Number.isFinite(value)) {
    out.ascii('"value":')
    out.number(value)
  } else if (isStale) out.ascii('"stale":true')
  else out.ascii(`"value_text":"${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}"`)
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

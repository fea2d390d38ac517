import type { Labels } from '@clymene/model'

import { FieldReader } from '../protobuf/field-reader.ts'
import { readLabel } from './decode.ts'
import { REQUEST_SERIES, SERIES_LABEL } from './tags.ts'

/** A series that is named in a log or an answer is cut at this many characters. */
const MAX_DESCRIPTION = 1024

/**
 * The values of `names` in the first series, '' for a label that is not there: for the key of a sender that gives none.
 *
 * @throws DecodeError when the bytes are damaged before the end of that series.
 */
export function firstSeriesLabels(bytes: Uint8Array, names: readonly string[]): string[] {
  const labels = new Map(readFirstLabels(bytes))
  return names.map((name) => labels.get(name) ?? '')
}

/** Names the first series as PromQL does, `up{cluster="a",job="b"}`, cut at 1024 characters; '' when there is no series. */
export function describeSeries(bytes: Uint8Array): string {
  const labels = readFirstLabels(bytes)
  const name = labels.find(([label]) => label === '__name__')?.[1] ?? ''
  const rest = labels.filter(([label]) => label !== '__name__').map(([label, value]) => `${label}=${JSON.stringify(value)}`)
  const text = rest.length > 0 ? `${name}{${rest.join(',')}}` : name
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION - 1)}…` : text
}

function readFirstLabels(bytes: Uint8Array): Labels {
  const reader = new FieldReader(bytes)
  while (reader.position < bytes.length) {
    const tag = reader.tag(bytes.length)
    if (tag === REQUEST_SERIES) return readLabels(reader, reader.fieldEnd(bytes.length))
    reader.skip(tag, bytes.length)
  }
  return []
}

function readLabels(reader: FieldReader, end: number): Labels {
  const labels: (readonly [string, string])[] = []
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === SERIES_LABEL) labels.push(readLabel(reader, reader.fieldEnd(end)))
    else reader.skip(tag, end)
  }
  return labels
}

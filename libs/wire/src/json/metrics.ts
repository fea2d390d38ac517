import { type Sample, sortedLabels, type TimeSeries } from '@clymene/model'

import { double, elements, int64, type JsonField, member, members, mismatch, text } from './fields.ts'
import { parseJson } from './parse.ts'

/**
 * Reads Go Clymene's JSON of metrics, the proto3 JSON of a `WriteRequest`:
 *
 *     {"timeseries":[{"labels":[{"name":"__name__","value":"up"}],"samples":[{"value":1,"timestamp":"1660000000123"}]}]}
 *
 * Missing is 0 or ''; unknown fields are ignored, but an object of nothing else is another message and refused; of a label that
 * comes twice the last counts.
 *
 * @throws DecodeError that names the path
 */
export function decodeMetricsJson(bytes: Uint8Array): TimeSeries[] {
  const root = { value: parseJson(bytes), path: '' }
  const timeseries = member(root, 'timeseries')
  if (timeseries.value === undefined && members(root).length > 0) throw mismatch(timeseries, 'an array')
  return elements(timeseries).map((series) => ({
    labels: sortedLabels(new Map(elements(member(series, 'labels')).map(readLabel))),
    samples: elements(member(series, 'samples')).map(readSample),
  }))
}

/** Writes it as Go's jsonpb does: int64 as text, zero and empty left out, NaN and infinities as text, no white space. */
export function encodeMetricsJson(series: readonly TimeSeries[]): Buffer {
  const timeseries = series.map(({ labels, samples }) => ({
    ...(labels.length === 0 ? {} : { labels: labels.map(([name, value]) => ({ name, ...(value === '' ? {} : { value }) })) }),
    ...(samples.length === 0 ? {} : { samples: samples.map(toJson) }),
  }))
  return Buffer.from(JSON.stringify(timeseries.length === 0 ? {} : { timeseries }))
}

const readLabel = (label: JsonField): [string, string] => [text(member(label, 'name')), text(member(label, 'value'))]

const readSample = (sample: JsonField): Sample => ({
  timestampMs: int64(member(sample, 'timestamp')),
  value: double(member(sample, 'value')),
})

function toJson({ timestampMs, value }: Sample): object {
  return {
    ...(value === 0 ? {} : { value: Number.isFinite(value) ? value : String(value) }),
    ...(timestampMs === 0 ? {} : { timestamp: String(timestampMs) }),
  }
}

import type { FieldShape, MessageShape } from '../protobuf/message-check.ts'

const shape = (name: string, fields: readonly (readonly [number, FieldShape])[]): MessageShape => ({ name, fields: new Map(fields) })

/** prompb/types.proto, messages that are rare in a `WriteRequest`. */
const LABEL = shape('Label', [
  [1, 'text'],
  [2, 'text'],
])

const BUCKET_SPAN = shape('BucketSpan', [
  [1, 'varint'],
  [2, 'varint'],
])

export const EXEMPLAR = shape('Exemplar', [
  [1, LABEL],
  [2, 'fixed64'],
  [3, 'varint'],
])

export const HISTOGRAM = shape('Histogram', [
  [1, 'varint'], // count_int
  [2, 'fixed64'], // count_float
  [3, 'fixed64'], // sum
  [4, 'varint'], // schema
  [5, 'fixed64'], // zero_threshold
  [6, 'varint'], // zero_count_int
  [7, 'fixed64'], // zero_count_float
  [8, BUCKET_SPAN], // negative_spans
  [9, 'packed-varint'], // negative_deltas
  [10, 'packed-fixed64'], // negative_counts
  [11, BUCKET_SPAN], // positive_spans
  [12, 'packed-varint'], // positive_deltas
  [13, 'packed-fixed64'], // positive_counts
  [14, 'varint'], // reset_hint
  [15, 'varint'], // timestamp
  [16, 'packed-fixed64'], // custom_values
])

export const METADATA = shape('MetricMetadata', [
  [1, 'varint'], // type
  [2, 'text'], // metric_family_name
  [4, 'text'], // help
  [5, 'text'], // unit
])

import protobuf from 'protobufjs'

const { root } = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;
  }
  message MetricMetadata { int32 type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
`)
const WRITE_REQUEST = root.lookupType('WriteRequest')

export type Counts = { readonly series: number; readonly samples: number; readonly exemplars: number; readonly metadata: number }

/** What protobufjs counts in a `WriteRequest`; undefined when it refuses the bytes. */
export function countWithProtobufjs(bytes: Uint8Array): Counts | undefined {
  try {
    const { timeseries, metadata } = WRITE_REQUEST.toObject(WRITE_REQUEST.decode(bytes), { arrays: true })
    const total = (field: string): number =>
      timeseries.reduce((sum: number, one: Record<string, unknown[]>) => sum + (one[field]?.length ?? 0), 0)
    return { series: timeseries.length, samples: total('samples'), exemplars: total('exemplars'), metadata: metadata.length }
  } catch {
    return undefined
  }
}

export const encodeWithProtobufjs = (message: object): Buffer =>
  Buffer.from(WRITE_REQUEST.encode(WRITE_REQUEST.fromObject(message)).finish())

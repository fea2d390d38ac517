import protobuf from 'protobufjs'

/** The messages as protobufjs reads and writes them: what our own readers are compared with. For tests only. */
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

  message PushRequest { repeated Stream streams = 1; }
  // Loki takes any bytes in these texts: protobufjs would refuse what is not UTF-8.
  message Stream { bytes labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
  message Entry { Timestamp timestamp = 1; bytes line = 2; repeated Pair structured_metadata = 3; }
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Pair { bytes name = 1; bytes value = 2; }
`)

export const WRITE_REQUEST = root.lookupType('WriteRequest')
export const PUSH_REQUEST = root.lookupType('PushRequest')

export function encodeReference(type: protobuf.Type, message: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(message)).finish())
}

/** The message as plain objects with every field there, numbers for int64; undefined when protobufjs refuses the bytes. */
export function decodeReference(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true, bytes: String })
  } catch {
    return undefined
  }
}

/** `fields` of bytes in hexadecimal, spaces ignored. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

/** The result of `call`, or the name of what it throws. */
export function outcomeOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error instanceof Error ? error.name : 'not an Error'
  }
}

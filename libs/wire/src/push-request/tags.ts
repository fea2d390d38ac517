/**
 * Tags (field number << 3 | wire type) of Loki's push API (loki/pkg/push/push.proto) and of Clymene's gateway call:
 *
 *     PushRequest      1 streams: StreamAdapter…
 *     StreamAdapter    1 labels: string, `{a="b", c="d"}`   2 entries: EntryAdapter…   3 hash: uint64
 *     EntryAdapter     1 timestamp: Timestamp   2 line: string   3 structuredMetadata: LabelPairAdapter…
 *     Timestamp        1 seconds: int64   2 nanos: int32
 *     LabelPairAdapter 1 name: string   2 value: string
 *     Batch            1 batch: bytes
 */
export const REQUEST_STREAM = (1 << 3) | 2

export const STREAM_LABELS = (1 << 3) | 2
export const STREAM_ENTRY = (2 << 3) | 2
export const STREAM_HASH = (3 << 3) | 0

export const ENTRY_TIMESTAMP = (1 << 3) | 2
export const ENTRY_LINE = (2 << 3) | 2
export const ENTRY_METADATA = (3 << 3) | 2

export const TIMESTAMP_SECONDS = (1 << 3) | 0
export const TIMESTAMP_NANOS = (2 << 3) | 0

export const PAIR_NAME = (1 << 3) | 2
export const PAIR_VALUE = (2 << 3) | 2

export const BATCH_BYTES = (1 << 3) | 2

/**
 * Tags (field number << 3 | wire type) of a remote-write 1.0 `WriteRequest`, all of one byte (prompb/remote.proto and types.proto):
 *
 *     WriteRequest   1 timeseries: TimeSeries…   3 metadata: MetricMetadata…
 *     TimeSeries     1 labels: Label…   2 samples: Sample…   3 exemplars: Exemplar…   4 histograms: Histogram…
 *     Label          1 name: string   2 value: string
 *     Sample         1 value: double   2 timestamp: int64, milliseconds
 *     Exemplar       1 labels: Label…   2 value: double   3 timestamp: int64
 *     MetricMetadata 1 type: enum   2 metric_family_name: string   4 help: string   5 unit: string
 */
export const REQUEST_SERIES = (1 << 3) | 2
export const REQUEST_METADATA = (3 << 3) | 2

export const SERIES_LABEL = (1 << 3) | 2
export const SERIES_SAMPLE = (2 << 3) | 2
export const SERIES_EXEMPLAR = (3 << 3) | 2
export const SERIES_HISTOGRAM = (4 << 3) | 2

export const LABEL_NAME = (1 << 3) | 2
export const LABEL_VALUE = (2 << 3) | 2

export const SAMPLE_VALUE = (1 << 3) | 1
export const SAMPLE_TIMESTAMP = (2 << 3) | 0

export const EXEMPLAR_LABEL = (1 << 3) | 2
export const EXEMPLAR_VALUE = (2 << 3) | 1
export const EXEMPLAR_TIMESTAMP = (3 << 3) | 0

export const METADATA_TYPE = (1 << 3) | 0
export const METADATA_FAMILY = (2 << 3) | 2
export const METADATA_HELP = (4 << 3) | 2
export const METADATA_UNIT = (5 << 3) | 2

import { PROTOBUF, type BusRecord, type Delivery, type EnvelopeHeaders, type Kind, type LogStream, type TimeSeries } from '@clymene/model'
import { compress, decodePushRequest, decodeWriteRequest, decompress, encodePushRequest, encodeWriteRequest } from '@clymene/wire'

const MAX_BYTES = 64 * 1024 * 1024

/** `up{i="<name>"}` with one sample whose value is its timestamp. */
export const sample = (name: string, timestampMs: number, value = timestampMs): TimeSeries => ({
  labels: [
    ['__name__', 'up'],
    ['i', name],
  ],
  samples: [{ timestampMs, value }],
})

export const line = (stream: string, timestampNs: bigint, text: string): LogStream => ({
  labels: [['app', stream]],
  entries: [{ timestampNs, line: text }],
})

export const metricsBlock = (series: readonly TimeSeries[]): Buffer => compress(encodeWriteRequest(series))
export const logsBlock = (streams: readonly LogStream[]): Buffer => compress(encodePushRequest(streams))
export const readMetrics = (block: Buffer): TimeSeries[] => decodeWriteRequest(decompress(block, MAX_BYTES))
export const readLogs = (block: Buffer): LogStream[] => decodePushRequest(decompress(block, MAX_BYTES))

export function metricsDelivery(series: readonly TimeSeries[], headers: EnvelopeHeaders = {}, key = 'k'): Delivery {
  const records = series.reduce((sum, { samples }) => sum + samples.length, 0)
  return {
    kind: 'metrics',
    key,
    value: metricsBlock(series),
    headers: { contentType: PROTOBUF, records, scanned: true, ...headers },
    position: 0,
  }
}

export function logsDelivery(streams: readonly LogStream[], headers: EnvelopeHeaders = {}, key = 'k'): Delivery {
  const records = streams.reduce((sum, { entries }) => sum + entries.length, 0)
  return {
    kind: 'logs',
    key,
    value: logsBlock(streams),
    headers: { contentType: PROTOBUF, records, scanned: true, ...headers },
    position: 0,
  }
}

export const TOPIC = 'clymene'

/** What a bus hands over, at this offset of partition 0. */
export function busRecord(value: Buffer, offset: number, headers: EnvelopeHeaders = {}, key = 'k', kind: Kind = 'metrics'): BusRecord {
  return {
    kind,
    key,
    value,
    headers,
    origin: { logId: 'log', topic: TOPIC, partition: 0, offset: BigInt(offset), timestampMs: 1000 + offset },
  }
}

/** The headers of a message that an agent numbered and a gateway scanned. */
export const numbered = (sequence: number, more: EnvelopeHeaders = {}): EnvelopeHeaders => ({
  contentType: PROTOBUF,
  scanned: true,
  records: 1,
  agent: 'a',
  epoch: 1,
  sequence,
  ...more,
})

import { DecodeError, type Kind } from '@clymene/model'

import type { ExpectedLabel } from './expected-label.ts'
import { decodeLogsJson } from './json/logs.ts'
import { decodeMetricsJson } from './json/metrics.ts'
import { looksLikeJson } from './json/sniff.ts'
import { encodePushRequest } from './push-request/encode.ts'
import { firstStreamLabels } from './push-request/first-stream.ts'
import { scanPushRequest } from './push-request/scan.ts'
import { compress } from './snappy/compress.ts'
import { createDecompressor, decompress } from './snappy/decompress.ts'
import { TooLargeError } from './too-large-error.ts'
import { encodeWriteRequest } from './write-request/encode.ts'
import { firstSeriesLabels } from './write-request/first-series.ts'
import { scanWriteRequest } from './write-request/scan.ts'

/** A message that was decompressed and checked on its own: it may be spliced with others. */
export type ScannedMessage = {
  readonly kind: Kind
  /** One snappy block of protobuf: the received bytes themselves when they were one. */
  readonly value: Buffer
  /** Samples and histograms, or entries. */
  readonly records: number
  /** Series, or streams. */
  readonly series: number
  /** What the message itself says, as Go Clymene's logs do; absent when it says nothing. */
  readonly tenant?: string
  /** The first value of the expected label that is another one, cut at 128 characters; absent when there is none. */
  readonly otherValue?: string
  /** Of samples or entries, milliseconds since the epoch; undefined when there is none. */
  readonly minTimestampMs: number | undefined
  readonly maxTimestampMs: number | undefined
  readonly uncompressedBytes: number
  /** Values of these labels in the first series or stream, '' when absent. @throws DecodeError when a stream's labels cannot be read. */
  readonly firstLabels: (names: readonly string[]) => string[]
}

export type MessageReader = {
  /**
   * Reads what a sender sent or a foreign Kafka message holds: a snappy block of protobuf, or JSON, whatever the content type says.
   * A label is looked for in all series or streams where one is `expected`.
   */
  readonly read: (kind: Kind, bytes: Uint8Array, contentType?: string, expected?: ExpectedLabel) => ScannedMessage
  /** Reads protobuf without compression, as gRPC carries it, and compresses it. */
  readonly readRaw: (kind: Kind, protobuf: Uint8Array, expected?: ExpectedLabel) => ScannedMessage
}

/**
 * The one way from bytes of outside to a block that may be spliced. Keeps a buffer for decompressing: one reader for a process is enough.
 *
 * @param options.maxBytes limit of a message after decompression (of JSON: as received).
 * @throws (the functions) DecodeError when the bytes are not a message of that kind, TooLargeError when they are too many.
 */
export function createMessageReader({ maxBytes }: { readonly maxBytes: number }): MessageReader {
  const decompressNext = createDecompressor(maxBytes)
  let generation = 0

  function readBlock(kind: Kind, block: Uint8Array, expected?: ExpectedLabel): ScannedMessage {
    const mine = ++generation
    const protobuf = decompressNext(block)
    const value = asBuffer(block)
    // The decompressed bytes are gone with the next read.
    return scanned({ kind, value, protobuf, expected, protobufLater: () => (mine === generation ? protobuf : decompress(value, maxBytes)) })
  }

  function readRaw(kind: Kind, protobuf: Uint8Array, expected?: ExpectedLabel): ScannedMessage {
    if (protobuf.length > maxBytes) throw new TooLargeError('message', protobuf.length, maxBytes)
    const value = compress(protobuf)
    return scanned({ kind, value, protobuf, expected, protobufLater: () => decompress(value, maxBytes) })
  }

  function readJson(kind: Kind, json: Uint8Array, expected?: ExpectedLabel): ScannedMessage {
    if (json.length > maxBytes) throw new TooLargeError('JSON message', json.length, maxBytes)
    if (kind === 'metrics') return readRaw(kind, encodeWriteRequest(decodeMetricsJson(json)), expected)
    const { streams, tenant } = decodeLogsJson(json)
    const message = readRaw(kind, encodePushRequest(streams), expected)
    return tenant === '' ? message : { ...message, tenant }
  }

  return {
    read: (kind, bytes, contentType = '', expected) => {
      if (/io\.prometheus\.write\.v2/.test(contentType)) {
        throw new DecodeError('remote write 2.0 (io.prometheus.write.v2), expected 1.0 (prometheus.WriteRequest)', 0)
      }
      return looksLikeJson(bytes) || isJsonType(contentType) ? readJson(kind, bytes, expected) : readBlock(kind, bytes, expected)
    },
    readRaw,
  }
}

const isJsonType = (contentType: string): boolean => /^\s*application\/json\s*(?:;|$)/i.test(contentType)

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

type Unpacked = {
  readonly kind: Kind
  readonly value: Buffer
  readonly protobuf: Uint8Array
  readonly expected: ExpectedLabel | undefined
  /** The same bytes after the next message was read. */
  readonly protobufLater: () => Uint8Array
}

function scanned({ kind, value, protobuf, expected, protobufLater }: Unpacked): ScannedMessage {
  const message = { kind, value, uncompressedBytes: protobuf.length }
  if (kind === 'metrics') {
    const { samples, histograms, exemplars: _, metadata: __, ...scan } = scanWriteRequest(protobuf, expected)
    const firstLabels = (names: readonly string[]): string[] => firstSeriesLabels(protobufLater(), names)
    return { ...message, ...scan, records: samples + histograms, firstLabels }
  }
  const { streams, entries, minTimestampNs, maxTimestampNs, otherValue } = scanPushRequest(protobuf, expected)
  const firstLabels = (names: readonly string[]): string[] => firstStreamLabels(protobufLater(), names)
  return {
    ...message,
    records: entries,
    series: streams,
    minTimestampMs: toMilliseconds(minTimestampNs),
    maxTimestampMs: toMilliseconds(maxTimestampNs),
    ...(otherValue === undefined ? {} : { otherValue }),
    firstLabels,
  }
}

const toMilliseconds = (timestampNs: bigint | undefined): number | undefined =>
  timestampNs === undefined ? undefined : Math.floor(Number(timestampNs / 1000n) / 1000)

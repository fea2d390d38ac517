import { DecodeError } from '@clymene/model'

import { LabelWatch, type ExpectedLabel } from '../expected-label.ts'
import { FieldReader } from '../protobuf/field-reader.ts'
import { checkMessage, checkUtf8, wrongWireType } from '../protobuf/message-check.ts'
import { scanInPlace } from '../wasm/body-memory.ts'
import { EXEMPLAR, HISTOGRAM, METADATA } from './shapes.ts'
import {
  LABEL_NAME,
  LABEL_VALUE,
  REQUEST_METADATA,
  REQUEST_SERIES,
  SAMPLE_TIMESTAMP,
  SAMPLE_VALUE,
  SERIES_EXEMPLAR,
  SERIES_HISTOGRAM,
  SERIES_LABEL,
  SERIES_SAMPLE,
} from './tags.ts'

export type WriteRequestScan = {
  readonly series: number
  readonly samples: number
  readonly histograms: number
  readonly exemplars: number
  readonly metadata: number
  /** Of samples; undefined when there is none. */
  readonly minTimestampMs: number | undefined
  readonly maxTimestampMs: number | undefined
  /** The first value of the expected label that is another one, cut at 128 characters; absent when there is none. */
  readonly otherValue?: string
}

/**
 * Checks an uncompressed remote-write 1.0 `WriteRequest` to the last byte without making objects of it, and counts.
 *
 * Refused is what protobuf decoders refuse, and what Prometheus would answer with 400 or drop behind a 204: a known field with
 * another wire type, a series without `__name__`, an empty label name, text that is not UTF-8, a body of remote write 2.0.
 * The order of labels is not looked at: Go Clymene writes `up` with its name last.
 *
 * @param expected a label that every series is to have with this value, if it has it: a tenth more time.
 * @throws DecodeError
 */
export function scanWriteRequest(bytes: Uint8Array, expected?: ExpectedLabel): WriteRequestScan {
  return scanInPlace(bytes, expected) ?? new WriteRequestScanner(bytes, expected).scan()
}

/**
 * What lies elsewhere than a decompressor left it, looks unusual or is damaged. A class for speed: its counters are fields, not objects handed
 * around. 2,000 series of eleven labels take about 0.3 ms, and 0.08 ms in place.
 */
class WriteRequestScanner {
  readonly #reader: FieldReader
  readonly #view: DataView
  readonly #watch: LabelWatch
  #samples = 0
  #histograms = 0
  #exemplars = 0
  #minTimestampMs = Infinity
  #maxTimestampMs = -Infinity

  constructor(bytes: Uint8Array, expected: ExpectedLabel | undefined) {
    this.#reader = new FieldReader(bytes)
    this.#watch = new LabelWatch(bytes, expected)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  scan(): WriteRequestScan {
    const reader = this.#reader
    const end = reader.bytes.length
    let series = 0
    let metadata = 0
    while (reader.position < end) {
      const start = reader.position
      const tag = reader.tag(end)
      if (tag === REQUEST_SERIES) {
        this.#scanSeries(reader.fieldEnd(end))
        series++
      } else if (tag === REQUEST_METADATA) {
        checkMessage(reader, reader.fieldEnd(end), METADATA)
        metadata++
      } else if (tag >>> 3 === 4 || tag >>> 3 === 5) {
        throw new DecodeError('field of remote write 2.0, expected a 1.0 WriteRequest', start)
      } else if (tag >>> 3 === 1 || tag >>> 3 === 3) throw wrongWireType('WriteRequest', tag, start)
      else reader.skip(tag, end)
    }
    const { otherValue } = this.#watch
    return {
      series,
      samples: this.#samples,
      histograms: this.#histograms,
      exemplars: this.#exemplars,
      metadata,
      minTimestampMs: this.#samples === 0 ? undefined : this.#minTimestampMs,
      maxTimestampMs: this.#samples === 0 ? undefined : this.#maxTimestampMs,
      ...(otherValue === undefined ? {} : { otherValue }),
    }
  }

  #scanSeries(end: number): void {
    const reader = this.#reader
    const seriesStart = reader.position
    let named = false
    while (reader.position < end) {
      const start = reader.position
      const tag = reader.tag(end)
      if (tag === SERIES_LABEL) named = this.#scanLabels(end, named)
      else if (tag === SERIES_SAMPLE) this.#scanSample(reader.fieldEnd(end))
      else if (tag === SERIES_EXEMPLAR) {
        checkMessage(reader, reader.fieldEnd(end), EXEMPLAR)
        this.#exemplars++
      } else if (tag === SERIES_HISTOGRAM) {
        checkMessage(reader, reader.fieldEnd(end), HISTOGRAM)
        this.#histograms++
      } else if (tag >>> 3 <= 4) throw wrongWireType('TimeSeries', tag, start)
      else reader.skip(tag, end)
    }
    if (!named) throw new DecodeError('series without __name__', seriesStart)
  }

  /**
   * Passes the label whose tag was just read and those that follow it directly. Returns whether a `__name__` was seen.
   *
   *     0a ll  0a nn name…  12 vv value…      lengths under 128: one byte each
   *
   * is how nearly every label looks, so it has a path of its own, where the lengths have to agree with each other. Tags and such
   * lengths are ASCII: they separate the texts, so if all the bytes together are UTF-8, each text is; and mostly all are below 0x80.
   */
  #scanLabels(end: number, alreadyNamed: boolean): boolean {
    const reader = this.#reader
    const { bytes } = reader
    const { nameLength } = this.#watch
    let named = alreadyNamed
    let position = reader.position
    let runStart = position
    for (;;) {
      const nameStart = position + 3
      const labelEnd = position + 1 + bytes[position]!
      const valueTag = nameStart + bytes[position + 2]!
      if (
        bytes[position]! < 0x80 &&
        labelEnd <= end &&
        bytes[position + 1] === LABEL_NAME &&
        valueTag > nameStart &&
        valueTag + 2 <= labelEnd &&
        bytes[valueTag] === LABEL_VALUE &&
        labelEnd === valueTag + 2 + bytes[valueTag + 1]!
      ) {
        if (!named) named = valueTag + 2 < labelEnd && this.#isMetricName(nameStart, valueTag)
        if (valueTag - nameStart === nameLength) this.#watch.see(nameStart, valueTag + 2, labelEnd)
        position = labelEnd
      } else {
        this.#checkText(runStart, position)
        reader.position = position
        named = this.#scanUncommonLabel(reader.fieldEnd(end)) || named
        position = reader.position
        runStart = position
      }
      if (position >= end || bytes[position] !== SERIES_LABEL) break
      position++
    }
    this.#checkText(runStart, position)
    reader.position = position
    return named
  }

  /** `__name__` as two words. */
  #isMetricName(from: number, to: number): boolean {
    return to - from === 8 && this.#view.getUint32(from) === 0x5f5f6e61 && this.#view.getUint32(from + 4) === 0x6d655f5f
  }

  /** Four bytes a step; what is not ASCII is looked at exactly. */
  #checkText(from: number, to: number): void {
    const view = this.#view
    let position = from
    let high = 0
    for (const last = to - 8; position <= last; position += 8) high |= view.getUint32(position) | view.getUint32(position + 4)
    for (; position < to; position++) high |= this.#reader.bytes[position]! << 24
    if ((high & 0x80808080) !== 0) checkUtf8(this.#reader.bytes, from, to)
  }

  /** Any order, repeated or missing fields, long texts. The last of a repeated field counts. Returns whether it is a `__name__`. */
  #scanUncommonLabel(end: number): boolean {
    const reader = this.#reader
    const start = reader.position
    let nameStart = start
    let nameEnd = start
    let valueStart = start
    let valueEnd = start
    while (reader.position < end) {
      const fieldStart = reader.position
      const tag = reader.tag(end)
      if (tag >>> 3 > 2) {
        reader.skip(tag, end)
        continue
      }
      if (tag !== LABEL_NAME && tag !== LABEL_VALUE) throw wrongWireType('Label', tag, fieldStart)
      const textEnd = reader.fieldEnd(end)
      checkUtf8(reader.bytes, reader.position, textEnd)
      if (tag === LABEL_NAME) {
        nameStart = reader.position
        nameEnd = textEnd
      } else {
        valueStart = reader.position
        valueEnd = textEnd
      }
      reader.position = textEnd
    }
    if (nameStart === nameEnd) throw new DecodeError('label without a name', start)
    if (nameEnd - nameStart === this.#watch.nameLength) this.#watch.see(nameStart, valueStart, valueEnd)
    return valueEnd > valueStart && this.#isMetricName(nameStart, nameEnd)
  }

  /** `09 value (8 bytes)  10 timestamp (varint)` in any order. */
  #scanSample(end: number): void {
    const reader = this.#reader
    let timestampMs = 0
    while (reader.position < end) {
      const start = reader.position
      const tag = reader.tag(end)
      if (tag === SAMPLE_TIMESTAMP) timestampMs = reader.int64(end)
      else if (tag >>> 3 <= 2 && tag !== SAMPLE_VALUE) throw wrongWireType('Sample', tag, start)
      else reader.skip(tag, end)
    }
    this.#samples++
    if (timestampMs < this.#minTimestampMs) this.#minTimestampMs = timestampMs
    if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }
}

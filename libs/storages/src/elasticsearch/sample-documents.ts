import type { Delivery } from '@clymene/model'

import { FieldCursor } from '../records/field-cursor.ts'
import { isStale } from '../records/visit-write-request.ts'
import type { Bulk } from './bulk-body.ts'
import { deliveryId } from './document-id.ts'
import type { Documents, DocumentWalk } from './documents.ts'
import { JsonBytes } from './json-bytes.ts'
import { LabelTable } from './label-table.ts'
import type { Layout } from './layout.ts'

// WriteRequest   1: TimeSeries*
// TimeSeries     1: Label*            2: Sample*
// Sample         1: value (double)    2: timestamp (int64, ms)
const SERIES = 0x0a
const LABEL = 0x0a
const SAMPLE = 0x12
const VALUE = 0x09
const TIMESTAMP = 0x10

const CLUSTER = Buffer.from('cluster')
const ACTION_END = '"}}\n'
const SERIES_BYTES = 512
const NO_BYTES = Buffer.alloc(0)

/** A document for every sample; exemplars, histograms and metadata are passed over. */
export function createSampleDocuments(layout: Layout): Documents {
  const labels = new LabelTable()
  const actionOf = createActions(layout)
  return (message, delivery, index, bulk) => new SampleWalk({ message, delivery, index, bulk, layout, labels, actionOf })
}

type SampleWalkOptions = {
  readonly message: Buffer
  readonly delivery: Delivery
  readonly index: number
  readonly bulk: Bulk
  readonly layout: Layout
  /** Of the series that is entered: other walks use it too. */
  readonly labels: LabelTable
  readonly actionOf: (labels: LabelTable) => string
}

/** A class for speed: where the walk stands are fields of it, and no sample or label becomes an object or a string. */
class SampleWalk implements DocumentWalk {
  readonly refused = []
  readonly #options: SampleWalkOptions
  readonly #cursor: FieldCursor
  readonly #tenant: string
  readonly #id: string
  readonly #series = new JsonBytes(SERIES_BYTES)
  #seriesEnd = 0
  #action = ''
  /** The action up to the number of the record. */
  #start: Buffer = NO_BYTES
  #record = 0

  constructor(options: SampleWalkOptions) {
    this.#options = options
    this.#cursor = new FieldCursor(options.message)
    this.#tenant = options.delivery.headers.tenant ?? ''
    this.#id = deliveryId(options.delivery)
  }

  advance(): boolean {
    const cursor = this.#cursor
    const { bulk, message } = this.#options
    for (;;) {
      while (cursor.at < this.#seriesEnd) {
        if (bulk.isFull) return false
        const tag = cursor.varint()
        if (tag === SAMPLE) this.#writeSample()
        else cursor.skip(tag)
      }
      cursor.end = message.length
      if (cursor.at >= message.length) return true
      const tag = cursor.varint()
      if (tag === SERIES) this.#enterSeries()
      else cursor.skip(tag)
    }
  }

  /** Reads the labels, which may stand anywhere in the series, and goes to its first sample. */
  #enterSeries(): void {
    const { labels, layout, actionOf } = this.#options
    const cursor = this.#cursor
    const end = cursor.fieldEnd()
    cursor.end = end
    labels.clear(cursor.bytes)
    let firstSample = end
    while (cursor.at < end) {
      const at = cursor.at
      const tag = cursor.varint()
      if (tag === LABEL) labels.add(cursor)
      else {
        cursor.skip(tag)
        if (tag === SAMPLE && firstSample === end) firstSample = at
      }
    }
    this.#seriesEnd = end
    cursor.at = firstSample
    if (firstSample === end) return
    labels.sort()
    const action = actionOf(labels)
    if (action !== this.#action) {
      this.#action = action
      this.#start = Buffer.from(`${action}${this.#id}-`)
    }
    this.#series.length = 0
    layout.series(this.#series, labels, this.#tenant)
  }

  #writeSample(): void {
    const { layout, bulk, delivery, index } = this.#options
    const cursor = this.#cursor
    const end = cursor.fieldEnd()
    let timestampMs = 0
    let low = 0
    let high = 0
    while (cursor.at < end) {
      const tag = cursor.varint()
      if (tag === VALUE) {
        const at = cursor.advance(8)
        low = cursor.bytes.readUInt32LE(at)
        high = cursor.bytes.readUInt32LE(at + 4)
      } else if (tag === TIMESTAMP) timestampMs = cursor.int64()
      else cursor.skip(tag)
    }
    const { out } = bulk
    const record = this.#record++
    out.raw(this.#start)
    out.number(delivery.position + record)
    out.ascii(ACTION_END)
    layout.sample(out, this.#series, timestampMs, doubleOf(low, high), isStale(low, high))
    out.ascii('\n')
    bulk.add(index, record)
  }
}

const bits = new DataView(new ArrayBuffer(8))

/** The number whose bits these are. */
function doubleOf(low: number, high: number): number {
  bits.setUint32(0, low, true)
  bits.setUint32(4, high, true)
  return bits.getFloat64(0, true)
}

/** The action of a series. The one made last is kept: the series of a message mostly have one cluster. */
function createActions(layout: Layout): (labels: LabelTable) => string {
  let cluster: Buffer | undefined
  let made = ''
  return (labels) => {
    const label = labels.find(CLUSTER)
    if (cluster === undefined || !labels.hasValue(label, cluster)) {
      // A copy: the message's buffer is used again.
      cluster = Buffer.from(labels.value(label))
      made = layout.metricAction(cluster.toString('utf8'))
    }
    return made
  }
}

import { JsonBytes } from './json-bytes.ts'

/** One bulk request: newline-delimited JSON, and which record of which delivery each of its actions is. */
export type BulkBody = {
  /** Valid until `next` of the bulk it is of. */
  readonly bytes: Buffer
  /** Documents in it. */
  readonly count: number
  readonly recordOf: (document: number) => BulkRecord
}

export type BulkRecord = { readonly delivery: number; readonly record: number }

export type BulkLimits = {
  /** A document that is larger gets a body of its own. */
  readonly maxBytes: number
  readonly maxActions: number
}

/** What a body of a thousand samples takes is there from the start. */
const FIRST_BYTES = 768 * 1024

/**
 * Makes bodies one after another in one buffer: action lines and documents are appended to `out`, `add` says that one is complete. When
 * it is full its body has to be sent before more is appended. A class, as it is asked for every sample.
 */
export class Bulk {
  readonly out = new JsonBytes(FIRST_BYTES)
  isFull = false
  readonly #limits: BulkLimits
  #deliveries: number[] = []
  #records: number[] = []
  /** Where the body ends: a document behind it is for the next one. */
  #end = 0

  constructor(limits: BulkLimits) {
    this.#limits = limits
  }

  get isEmpty(): boolean {
    return this.#records.length === 0
  }

  /** What was appended since the last call is the action and the document of a record, each with its line end. */
  add(delivery: number, record: number): void {
    const { maxBytes, maxActions } = this.#limits
    this.#deliveries.push(delivery)
    this.#records.push(record)
    if (this.out.length <= maxBytes || this.#end === 0) this.#end = this.out.length
    this.isFull = this.out.length >= maxBytes || this.#records.length >= maxActions
  }

  body(): BulkBody {
    const [deliveries, records] = [this.#deliveries, this.#records]
    return {
      bytes: this.out.buffer.subarray(0, this.#end),
      count: this.#end === this.out.length ? records.length : records.length - 1,
      recordOf: (document) => ({ delivery: deliveries[document]!, record: records[document]! }),
    }
  }

  /** The body was sent: begins the next, with the document that had no room in it. */
  next(): void {
    const { out } = this
    const isOneLeft = this.#end < out.length
    out.buffer.copyWithin(0, this.#end, out.length)
    out.length -= this.#end
    this.#end = 0
    const last = this.#records.length - 1
    const left = isOneLeft ? { delivery: this.#deliveries[last]!, record: this.#records[last]! } : undefined
    this.clear(out.length)
    if (left !== undefined) this.add(left.delivery, left.record)
  }

  /** Begins anew, whatever is in it. */
  clear(length = 0): void {
    this.out.length = length
    this.#end = 0
    this.#deliveries = []
    this.#records = []
    this.isFull = false
  }
}

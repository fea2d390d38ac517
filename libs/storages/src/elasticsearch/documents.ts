import { DecodeError, type Delivery, type Labels } from '@clymene/model'
import { parseStreamLabels } from '@clymene/wire'

import { readLabels, readMetadata } from '../records/read-labels.ts'
import { PUSH_REQUEST_START, visitPushRequest, type PushRequestPosition } from '../records/visit-push-request.ts'
import { isStale, visitWriteRequest } from '../records/visit-write-request.ts'
import type { BulkBodies, BulkRecord } from './bulk-body.ts'
import { deliveryId } from './document-id.ts'
import type { Layout } from './layout.ts'

/** Begins the walk that puts the documents of one message into bulk bodies. `index` is the delivery's place in the written list. */
export type Documents = (message: Buffer, delivery: Delivery, index: number, bodies: BulkBodies) => DocumentWalk

export type DocumentWalk = {
  /** Goes on until a body is full. True when the message is done. @throws DecodeError */
  readonly advance: () => boolean
  /** Records that became no document, with the reason. */
  readonly refused: readonly (BulkRecord & { readonly reason: string })[]
}

/** JSON that all documents of one series or stream begin with. */
type Start = { readonly action: string; readonly shared: string }

/** Series and streams whose JSON is kept between messages: it costs 8 µs to make and comes again with every scrape. */
const MAX_STARTS = 20_000

export function createMetricDocuments(layout: Layout): Documents {
  const starts = createStarts((text, tenant) => {
    const labels = readLabels(text, 0, text.length)
    return { action: layout.metricAction(labels), shared: layout.series(labels, tenant) }
  })
  const number = new DataView(new ArrayBuffer(8))
  return (message, delivery, index, bodies) => {
    const id = deliveryId(delivery)
    let position = 0
    let record = 0
    let start: Start = { action: '', shared: '' }
    const visitor = {
      series: (bytes: Buffer, from: number, to: number) => {
        start = starts(bytes.subarray(from, to), delivery.headers.tenant ?? '')
      },
      sample: (timestampMs: number, low: number, high: number) => {
        number.setUint32(0, low, true)
        number.setUint32(4, high, true)
        const document = layout.sample(start.shared, { timestampMs, value: number.getFloat64(0, true), stale: isStale(low, high) })
        bodies.add(`${start.action}${id}-${delivery.position + record}"}}`, document, { delivery: index, record })
        record++
      },
    }
    return {
      refused: [],
      advance: () => {
        position = visitWriteRequest(message, visitor, position, bodies.full)
        return position >= message.length
      },
    }
  }
}

export function createLogDocuments(layout: Layout): Documents {
  const starts = createStarts((text, tenant) => {
    const labels: Labels = parseStreamLabels(text.toString('utf8'))
    return { action: layout.logAction(labels), shared: layout.stream(labels, tenant) }
  })
  return (message, delivery, index, bodies) => {
    const id = deliveryId(delivery)
    const refused: (BulkRecord & { reason: string })[] = []
    let position: PushRequestPosition | undefined = PUSH_REQUEST_START
    let record = 0
    let start: Start | string = ''
    const visitor = {
      stream: (bytes: Buffer, from: number, to: number) => {
        start = startOrReason(() => starts(bytes.subarray(from, to), delivery.headers.tenant ?? ''))
      },
      entry: (timestampNs: bigint, bytes: Buffer, from: number, to: number, metadata: readonly Buffer[]) => {
        const place = { delivery: index, record: record++ }
        if (typeof start === 'string') {
          refused.push({ ...place, reason: start })
          return
        }
        const entry = { timestampNs, line: bytes.toString('utf8', from, to), metadata: readMetadata(metadata) }
        bodies.add(`${start.action}${id}-${delivery.position + place.record}"}}`, layout.entry(start.shared, entry), place)
      },
    }
    return {
      refused,
      advance: () => {
        position = visitPushRequest(message, visitor, position, bodies.full)
        return position === undefined
      },
    }
  }
}

function startOrReason(read: () => Start): Start | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return `labels: ${error.message}`
    throw error
  }
}

function createStarts(make: (bytes: Buffer, tenant: string) => Start): (bytes: Buffer, tenant: string) => Start {
  const known = new Map<string, Start>()
  return (bytes, tenant) => {
    // With its length the tenant cannot pass for a part of the labels.
    const key = `${tenant.length} ${tenant}${bytes.toString('latin1')}`
    let start = known.get(key)
    if (start === undefined) {
      start = make(bytes, tenant)
      if (known.size >= MAX_STARTS) known.clear()
      known.set(key, start)
    }
    return start
  }
}

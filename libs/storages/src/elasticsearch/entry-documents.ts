import { DecodeError, labelValue, type Labels } from '@clymene/model'
import { parseStreamLabels } from '@clymene/wire'

import { readMetadata } from '../records/read-labels.ts'
import { PUSH_REQUEST_START, visitPushRequest, type PushRequestPosition } from '../records/visit-push-request.ts'
import type { BulkRecord } from './bulk-body.ts'
import { deliveryId } from './document-id.ts'
import type { Documents } from './documents.ts'
import type { Layout } from './layout.ts'

/** JSON that all documents of one stream begin with. */
type Start = { readonly action: Buffer; readonly shared: Buffer }

/** Streams whose JSON is kept between messages: it costs 8 µs to make and comes again with every batch of lines. */
const MAX_STARTS = 20_000
const ACTION_END = '"}}\n'

/** A document for every log line. */
export function createEntryDocuments(layout: Layout): Documents {
  const starts = createStarts((text, tenant) => {
    const labels: Labels = parseStreamLabels(text.toString('utf8'))
    return {
      action: Buffer.from(layout.logAction(labelValue(labels, 'cluster'))),
      shared: Buffer.from(layout.stream(labels, tenant)),
    }
  })
  return (message, delivery, index, bulk) => {
    const id = `${deliveryId(delivery)}-`
    const { out } = bulk
    const refused: (BulkRecord & { reason: string })[] = []
    let position: PushRequestPosition | undefined = PUSH_REQUEST_START
    let record = 0
    let start: Start | string = ''
    const visitor = {
      stream: (bytes: Buffer, from: number, to: number) => {
        start = startOrReason(() => starts(bytes.subarray(from, to), delivery.headers.tenant ?? ''))
      },
      entry: (timestampNs: bigint, bytes: Buffer, from: number, to: number, metadata: readonly Buffer[]) => {
        const place = record++
        if (typeof start === 'string') {
          refused.push({ delivery: index, record: place, reason: start })
          return
        }
        out.raw(start.action)
        out.ascii(id)
        out.number(delivery.position + place)
        out.ascii(ACTION_END)
        layout.entry(out, start.shared, { timestampNs, bytes, start: from, end: to, metadata: readMetadata(metadata) })
        out.ascii('\n')
        bulk.add(index, place)
      },
    }
    return {
      refused,
      advance: () => {
        position = visitPushRequest(message, visitor, position, () => bulk.isFull)
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

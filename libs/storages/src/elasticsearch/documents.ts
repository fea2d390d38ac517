import type { Delivery } from '@clymene/model'

import type { Bulk, BulkRecord } from './bulk-body.ts'

/**
 * Begins the walk that puts the documents of one message into bulks. The message's buffer belongs to the walk until it is done;
 * `index` is the delivery's place in the written list.
 */
export type Documents = (message: Buffer, delivery: Delivery, index: number, bulk: Bulk) => DocumentWalk

export type DocumentWalk = {
  /** Goes on until the bulk is full. True when the message is done. @throws DecodeError */
  readonly advance: () => boolean
  /** Records that became no document, with the reason. */
  readonly refused: readonly (BulkRecord & { readonly reason: string })[]
}

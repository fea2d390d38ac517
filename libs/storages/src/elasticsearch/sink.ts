import { DecodeError, PermanentError, RetryableError, type Delivery, type RefusedRecord, type Sink } from '@clymene/model'
import { createDecompressor, type Decompressor } from '@clymene/wire'

import { Bulk } from './bulk-body.ts'
import type { Documents } from './documents.ts'
import type { SendBulk } from './send-bulk.ts'
import type { Templates } from './templates.ts'

export type ElasticsearchSinkOptions = {
  readonly documents: Documents
  readonly send: SendBulk
  /** Undefined when documents do not go into data streams of ours. */
  readonly templates: Templates | undefined
  readonly maxBulkBytes: number
  readonly maxBulkActions: number
  readonly maxMessageBytes: number
}

/** What a write needs besides its messages: a bulk and a buffer to unpack into, both used again by a later write. */
type Workspace = { readonly bulk: Bulk; readonly decompress: Decompressor }

/** As many partitions as write at once in a usual ingester. */
const KEPT_WORKSPACES = 3
/** A bulk that has grown over this, for a document that is larger than bulks are, is not kept. */
const KEPT_BYTES = 8 * 1024 * 1024

/**
 * Writes every sample or entry as a document whose `_id` names it, in bulks one after another. A message is unpacked once and its
 * documents are made bulk by bulk, so that memory holds one message and one bulk.
 */
export function createElasticsearchSink(options: ElasticsearchSinkOptions): Sink {
  const { documents, send, templates } = options
  const workspaces: Workspace[] = []
  const newWorkspace = (): Workspace => ({
    bulk: new Bulk({ maxBytes: options.maxBulkBytes, maxActions: options.maxBulkActions }),
    decompress: createDecompressor(options.maxMessageBytes),
  })

  const writeAll = async (deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly RefusedRecord[]> => {
    const workspace = workspaces.pop() ?? newWorkspace()
    const { bulk, decompress } = workspace
    const refused: RefusedRecord[] = []
    const sendBody = async (): Promise<void> => {
      for (const record of await send(bulk.body(), signal)) refused.push(record)
      bulk.next()
    }
    for (const [index, delivery] of deliveries.entries()) {
      const walk = documents(decompress(delivery.value), delivery, index, bulk)
      while (!walk.advance()) await sendBody()
      for (const record of walk.refused) refused.push(record)
    }
    while (!bulk.isEmpty) await sendBody()
    // Only now: of a request that failed the client may still hold the bytes.
    if (workspaces.length < KEPT_WORKSPACES && bulk.out.buffer.length <= KEPT_BYTES) workspaces.push(workspace)
    return refused
  }

  return {
    write: async (deliveries, signal) => {
      signal.throwIfAborted()
      await templates?.ensure(signal)
      const refused = await writeAll(deliveries, signal).catch((error: unknown) => {
        // 404: the index is not there and may not be made, so our template is gone.
        if (error instanceof RetryableError && error.status === 404) templates?.forget()
        throw error instanceof DecodeError ? new PermanentError(error.message, { cause: error }) : error
      })
      const [first] = refused
      if (first === undefined) return
      throw new PermanentError(`elasticsearch: ${refused.length} refused, the first: ${first.reason}`, { refused })
    },
  }
}

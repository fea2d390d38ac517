import { DecodeError, PermanentError, RetryableError, type Delivery, type RefusedRecord, type Sink } from '@clymene/model'
import { decompress } from '@clymene/wire'

import { createBulkBodies } from './bulk-body.ts'
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

/**
 * Writes every sample or entry as a document whose `_id` names it, in bulks one after another. A message is unpacked once and its
 * documents are made bulk by bulk, so that memory holds one message and one bulk.
 */
export function createElasticsearchSink(options: ElasticsearchSinkOptions): Sink {
  const { documents, send, templates } = options

  const writeAll = async (deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly RefusedRecord[]> => {
    const bodies = createBulkBodies(options.maxBulkBytes, options.maxBulkActions)
    const refused: RefusedRecord[] = []
    const sendReady = async (rest: boolean): Promise<void> => {
      for (const body of bodies.take(rest)) for (const record of await send(body, signal)) refused.push(record)
    }
    for (const [index, delivery] of deliveries.entries()) {
      // A buffer of its own: while a bulk is on its way another partition's message is unpacked.
      const walk = documents(decompress(delivery.value, options.maxMessageBytes), delivery, index, bodies)
      while (!walk.advance()) await sendReady(false)
      refused.push(...walk.refused)
    }
    await sendReady(true)
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

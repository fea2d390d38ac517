import type { Delivery } from '@clymene/model'
import { decodePushRequest, decompress, encodeBatchJson, toHeaders } from '@clymene/wire'

import { rootOf } from '../decorators/lineage.ts'

export type LogsEncoding = 'protobuf' | 'json'

/** A delivery was scanned before under a far lower limit. */
export const MAX_BYTES = 512 * 1024 * 1024

/**
 * The envelope's headers as they travel to a gateway, but for the content type and the mark that it never accepts. The pieces of a
 * message that was refused as a whole have its number: where each begins tells them apart, so that none is taken for a repeat.
 */
export function envelopeHeaders(delivery: Delivery): Record<string, string> {
  const { contentType: _, scanned: __, ...rest } = delivery.headers
  const root = rootOf(delivery)
  const position = (root.headers.position ?? 0) + delivery.position - root.position
  return toHeaders(root === delivery ? rest : { ...rest, position })
}

/** The form of Go Clymene's log messages. */
export const logsJson = ({ value, headers }: Delivery): Buffer =>
  encodeBatchJson(decodePushRequest(decompress(value, MAX_BYTES)), headers.tenant ?? '')

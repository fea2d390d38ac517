import type { Delivery } from '@clymene/model'
import { decodePushRequest, decompress, encodeBatchJson, toHeaders } from '@clymene/wire'

export type LogsEncoding = 'protobuf' | 'json'

/** A delivery was scanned before under a far lower limit. */
export const MAX_BYTES = 512 * 1024 * 1024

/** The envelope's headers as they travel to a gateway, but for the content type and the mark that it never accepts. */
export function envelopeHeaders({ headers }: Delivery): Record<string, string> {
  const { contentType: _, scanned: __, ...rest } = headers
  return toHeaders(rest)
}

/** The form of Go Clymene's log messages. */
export const logsJson = ({ value, headers }: Delivery): Buffer =>
  encodeBatchJson(decodePushRequest(decompress(value, MAX_BYTES)), headers.tenant ?? '')

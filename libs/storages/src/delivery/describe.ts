import { DecodeError, type Delivery } from '@clymene/model'
import { decompress, describeSeries, describeStream } from '@clymene/wire'

/** Names the first series or stream inside, for a log line: `{ series: 'up{cluster="a"}' }`. */
export function describeFirst({ kind, value }: Delivery): { readonly series?: string; readonly stream?: string } {
  try {
    const bytes = decompress(value, MAX_BYTES)
    return kind === 'metrics' ? { series: describeSeries(bytes) } : { stream: describeStream(bytes) }
  } catch (error) {
    if (error instanceof DecodeError) return {}
    throw error
  }
}

const MAX_BYTES = 512 * 1024 * 1024

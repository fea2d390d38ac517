import { DecodeError, type Delivery } from '@clymene/model'
import { decompress, describeSeries, describeStream, firstSeriesLabels, firstStreamLabels } from '@clymene/wire'

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

/** The label `cluster` of the first series or stream inside; '' when there is none. */
export function clusterIn({ kind, value }: Delivery): string {
  try {
    const bytes = decompress(value, MAX_BYTES)
    const [cluster = ''] = kind === 'metrics' ? firstSeriesLabels(bytes, ['cluster']) : firstStreamLabels(bytes, ['cluster'])
    return cluster
  } catch (error) {
    if (error instanceof DecodeError) return ''
    throw error
  }
}

const MAX_BYTES = 512 * 1024 * 1024

import type { Sink } from '@clymene/model'
import { spliceBlocks } from '@clymene/wire'

import type { HttpPush } from './push.ts'

/**
 * Sends deliveries as one body, their snappy blocks spliced and never decompressed: remote write 1.0 and Loki's push alike.
 * The tenant of a delivery travels as `X-Scope-OrgID`; without one the header is left out.
 */
export function createBlockSink(push: HttpPush): Sink {
  return {
    write: async (deliveries, signal) => {
      const [first] = deliveries
      if (first === undefined) return
      const body = deliveries.length === 1 ? first.value : spliceBlocks(deliveries.map(({ value }) => value))
      const { tenant } = first.headers
      await push.post(body, tenant === undefined || tenant === '' ? {} : { 'x-scope-orgid': tenant }, signal)
    },
  }
}

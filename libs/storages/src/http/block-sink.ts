import { PermanentError, type Delivery, type Sink } from '@clymene/model'
import { spliceBlocks } from '@clymene/wire'

import { createBodyMemory } from './body-memory.ts'
import type { HttpPush } from './push.ts'
import { isTenant } from './store-flags.ts'

/**
 * Sends deliveries as one body, their snappy blocks spliced and never decompressed: remote write 1.0 and Loki's push alike.
 * The tenant travels as `X-Scope-OrgID`; without one the header is left out.
 *
 * @param fixedTenant the tenant of everything; '' is that of the deliveries, which are all of one.
 */
export function createBlockSink(push: HttpPush, fixedTenant: string): Sink {
  const tenantOf = ({ headers }: Delivery): string => (fixedTenant === '' ? (headers.tenant ?? '') : fixedTenant)
  const bodies = createBodyMemory()
  return {
    write: async (deliveries, signal) => {
      const [first] = deliveries
      if (first === undefined) return
      const tenant = tenantOf(first)
      // No later attempt can send it; a message of Go Clymene may hold any text.
      if (tenant !== '' && !isTenant(tenant)) throw new PermanentError(`the tenant ${JSON.stringify(tenant)} cannot be an X-Scope-OrgID`)
      const headers: Readonly<Record<string, string>> = tenant === '' ? {} : { 'x-scope-orgid': tenant }
      if (deliveries.length === 1) return push.post(first.value, headers, signal)
      const body = spliceBlocks(
        deliveries.map(({ value }) => value),
        bodies.take,
      )
      await push.post(body, headers, signal)
      // Only now: a refusal may come before the body is sent, and what was aborted may still stand in a socket.
      bodies.giveBack(body)
    },
  }
}

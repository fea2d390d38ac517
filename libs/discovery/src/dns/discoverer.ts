import { errorMessage, type Discoverer } from '@clymene/model'

import { DiscoveryError } from '../discovery-error.ts'
import { createLookupDiscoverer } from '../lookup-discoverer.ts'
import type { LookupContext } from '../lookups.ts'
import type { DnsDiscoveryConfig } from './config.ts'
import { lookUp } from './lookup.ts'
import { readResolverConfig, type ResolverConfig } from './resolver-config.ts'

export type DnsContext = LookupContext & {
  /** Default: /etc/resolv.conf, read for every look-up. */
  readonly resolverConfig?: () => Promise<ResolverConfig>
}

const RESOLV_CONF = '/etc/resolv.conf'

/** A target group for each name, named as it. A name that cannot be looked up keeps its targets, and the others go on. */
export function createDnsDiscoverer({ names, type, port, refreshMs }: DnsDiscoveryConfig, context: DnsContext): Discoverer {
  const { resolverConfig = () => readResolverConfig(RESOLV_CONF) } = context
  return createLookupDiscoverer({
    kind: 'dns',
    context,
    look: async (lookups, signal) => {
      const follow = (name: string): Promise<void> =>
        lookups.follow(
          {
            part: name,
            peer: `${name} (${type})`,
            intervalMs: refreshMs,
            ask: async (stop) => lookUp({ name, port }, type, await configured(resolverConfig), stop),
            groups: (targets) => [{ source: name, targets, labels: new Map() }],
          },
          signal,
        )
      for (const name of names) lookups.expect(name)
      await Promise.all(names.map(follow))
    },
  })
}

async function configured(read: () => Promise<ResolverConfig>): Promise<ResolverConfig> {
  try {
    return await read()
  } catch (error) {
    throw new DiscoveryError('file', `cannot read ${RESOLV_CONF}: ${errorMessage(error)}`, { cause: error, needsOperator: true })
  }
}

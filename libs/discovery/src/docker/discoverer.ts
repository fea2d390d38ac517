import type { Discoverer } from '@clymene/model'

import { createServiceClient } from '../client/service-client.ts'
import { createLookupDiscoverer } from '../lookup-discoverer.ts'
import type { LookupContext } from '../lookups.ts'
import type { DockerDiscoveryConfig } from './config.ts'
import { createDockerApi } from './docker-api.ts'
import { dockerGroup } from './group.ts'

/** One target group, `Docker`, of the containers that run, read anew every `refreshMs`. */
export function createDockerDiscoverer(config: DockerDiscoveryConfig, context: LookupContext): Discoverer {
  const { daemon, http, refreshMs } = config
  const peer = daemon.socketPath === undefined ? daemon.url.href : `unix://${daemon.socketPath}`
  return createLookupDiscoverer({
    kind: 'docker',
    context,
    look: async (lookups, signal) => {
      const client = createServiceClient({ http, socketPath: daemon.socketPath, maxBytes: context.answerLimits.bytes })
      const api = createDockerApi({ config, client })
      try {
        lookups.expect(peer)
        await lookups.follow(
          {
            part: peer,
            peer,
            intervalMs: refreshMs,
            ask: api.containersAndNetworks,
            groups: ([containers, networks]) => [dockerGroup(containers, networks, config)],
          },
          signal,
        )
      } finally {
        await client.close()
      }
    },
  })
}

import type { Discoverer } from '@clymene/model'
import { aborted } from '@clymene/runtime'

import { createServiceClient } from '../client/service-client.ts'
import { createSlots } from '../client/slots.ts'
import { DiscoveryError } from '../discovery-error.ts'
import { createLookupDiscoverer } from '../lookup-discoverer.ts'
import type { LookupContext, Lookups } from '../lookups.ts'
import type { ConsulDiscoveryConfig } from './config.ts'
import { createConsulApi, type ConsulApi } from './consul-api.ts'
import { consulGroup } from './group.ts'
import { createServiceWatches } from './service-watches.ts'
import { blockingQuestion } from './watch.ts'

/** Services that are asked for at the same time before they have answered once. */
const FIRST_ANSWERS = 20
/** Parts that are no services: no service has such a name. */
const CATALOG = '/catalog'
const AGENT = '/agent'

/**
 * A target group for each service, named as it. Each service is watched by a request that Consul answers when something changes, and so
 * is the catalog, unless the services are named and nothing else chooses among them.
 */
export function createConsulDiscoverer(config: ConsulDiscoveryConfig, context: LookupContext): Discoverer {
  return createLookupDiscoverer({
    kind: 'consul',
    context,
    look: async (lookups, signal) => {
      const client = createServiceClient({
        http: config.http,
        socketPath: config.server.socketPath,
        maxBytes: context.answerLimits.bytes,
      })
      try {
        const watching = { config, context, lookups, api: createConsulApi({ config, client }) }
        const datacenter = await datacenterOf(watching, signal)
        if (datacenter !== undefined) await watchServices({ ...watching, datacenter }, signal)
      } finally {
        await client.close()
      }
    },
  })
}

type Watching = {
  readonly config: ConsulDiscoveryConfig
  readonly context: LookupContext
  readonly lookups: Lookups
  readonly api: ConsulApi
}

/** Undefined when the signal aborted before it was known. */
async function datacenterOf({ config, lookups, api }: Watching, signal: AbortSignal): Promise<string | undefined> {
  let datacenter = config.datacenter === '' ? undefined : config.datacenter
  if (datacenter !== undefined) return datacenter
  const question = {
    part: AGENT,
    peer: peerOf(config, 'agent/self'),
    intervalMs: config.refreshMs,
    ask: api.datacenter,
    groups: (name: string) => void (datacenter = name),
  }
  await lookups.once(question, signal)
  return datacenter
}

async function watchServices(
  { config, context, lookups, api, datacenter }: Watching & { readonly datacenter: string },
  signal: AbortSignal,
): Promise<void> {
  const { services, tags, filter, tagSeparator, refreshMs: intervalMs } = config
  const slots = createSlots(FIRST_ANSWERS)
  const start = (service: string, stop: AbortSignal): Promise<void> => {
    lookups.expect(service)
    const question = blockingQuestion({
      part: service,
      peer: peerOf(config, `service ${service}`),
      intervalMs,
      ask: (index, one) => {
        const ask = () => api.instances(service, index, one)
        return index === 0n ? slots(ask, one) : ask()
      },
      groups: (instances) => [consulGroup(instances, { service, datacenter, tagSeparator })],
    })
    return lookups.follow(question, stop)
  }
  const watches = createServiceWatches({ start, gone: lookups.forget }, signal)
  if (services.length > 0 && tags.length === 0 && filter === '') watches.want(new Set(services))
  else {
    lookups.expect(CATALOG)
    const catalog = blockingQuestion({
      part: CATALOG,
      peer: peerOf(config, 'catalog'),
      intervalMs,
      ask: api.services,
      groups: (found) => {
        const wanted = wantedServices(found, config)
        if (wanted.size > context.answerLimits.services)
          throw new DiscoveryError(
            'limit',
            `${wanted.size} services, more than the ${context.answerLimits.services} of --discovery.max-services; choose among them by services, tags or filter`,
          )
        watches.want(wanted)
        return []
      },
    })
    await lookups.follow(catalog, signal)
  }
  await aborted(signal)
  await watches.ended()
}

const wantedServices = (found: ReadonlyMap<string, readonly string[]>, { services, tags }: ConsulDiscoveryConfig): ReadonlySet<string> =>
  new Set(
    [...found]
      .filter(([name, has]) => (services.length === 0 || services.includes(name)) && tags.every((tag) => has.includes(tag)))
      .map(([name]) => name),
  )

const peerOf = ({ server }: ConsulDiscoveryConfig, what: string): string =>
  `${what} of Consul at ${server.socketPath === undefined ? server.url.href : `unix://${server.socketPath}`}`

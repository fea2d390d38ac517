import { readList, readObject } from '../client/read-json.ts'
import type { ServiceAnswer, ServiceClient } from '../client/service-client.ts'
import { DiscoveryError } from '../discovery-error.ts'
import { jsonAt, textAt, textsAt, type Json } from '../json.ts'
import type { ConsulDiscoveryConfig } from './config.ts'

/** What Consul answered, and from which of its indexes on there is something new. */
export type Indexed<T> = { readonly index: bigint; readonly value: T }

export type ConsulApi = {
  /** The names of all services with the tags of their instances, once they differ from `index`; 0 asks for them as they are. */
  readonly services: (index: bigint, signal: AbortSignal) => Promise<Indexed<ReadonlyMap<string, readonly string[]>>>
  /** The instances of a service with their node and checks, in the same way. */
  readonly instances: (service: string, index: bigint, signal: AbortSignal) => Promise<Indexed<readonly Json[]>>
  /** That of the agent that is asked. */
  readonly datacenter: (signal: AbortSignal) => Promise<string>
}

/** Consul holds an answer back for so long when nothing changes, and up to a sixteenth longer. */
const WAIT_MS = 120_000
/** How long an answer may take that is not held back. */
const ANSWER_MS = 30_000

/**
 * Questions to Consul's HTTP API. All of them throw DiscoveryError.
 *
 * @see https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export function createConsulApi({ config, client }: { readonly config: ConsulDiscoveryConfig; readonly client: ServiceClient }): ConsulApi {
  const { server, datacenter, namespace, partition, allowStale, nodeMeta, tags } = config

  const get = (
    path: string,
    query: readonly (readonly [string, string])[],
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ServiceAnswer> => {
    const url = new URL(`v1/${path}`, server.url)
    for (const [name, value] of query) url.searchParams.append(name, value)
    for (const [name, value] of [
      ['dc', datacenter],
      ['ns', namespace],
      ['partition', partition],
    ] as const) {
      if (value !== '') url.searchParams.append(name, value)
    }
    return client.get({ url, timeoutMs }, signal)
  }

  const watch = (path: string, index: bigint, filter: string, query: readonly (readonly [string, string])[], signal: AbortSignal) =>
    get(
      path,
      [
        ...query,
        ...(allowStale ? [['stale', ''] as const] : []),
        ...nodeMeta.map(([name, value]) => ['node-meta', `${name}:${value}`] as const),
        ...(filter === '' ? [] : [['filter', filter] as const]),
        ...(index === 0n ? [] : [['index', String(index)] as const, ['wait', `${WAIT_MS}ms`] as const]),
      ],
      index === 0n ? ANSWER_MS : WAIT_MS + WAIT_MS / 16 + ANSWER_MS,
      signal,
    )

  return {
    services: async (index, signal) => {
      const answer = await watch('catalog/services', index, config.filter, [], signal)
      const services = readObject(answer.text, 'services and their tags')
      const value = new Map(Object.keys(services).map((name) => [name, textsAt(services, name)]))
      return { index: indexOf(answer), value }
    },
    instances: async (service, index, signal) => {
      const query = tags.map((tag) => ['tag', tag] as const)
      const answer = await watch(`health/service/${encodeURIComponent(service)}`, index, config.healthFilter, query, signal)
      return { index: indexOf(answer), value: readList(answer.text, 'instances of a service') }
    },
    datacenter: async (signal) => {
      const self = readObject((await get('agent/self', [], ANSWER_MS, signal)).text, 'the configuration of the agent')
      const name = textAt(jsonAt(self, 'Config'), 'Datacenter')
      if (name === '') throw new DiscoveryError('answer', 'the agent does not say its datacenter; give datacenter in the configuration')
      return name
    },
  }
}

/** 0 when there is none: then the next question is not held back. */
function indexOf({ headers }: ServiceAnswer): bigint {
  const text = headers['x-consul-index']?.toString() ?? ''
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n
}

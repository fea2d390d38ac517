import { startScriptedServer, type Scripted, type ScriptedServer, type ServerAsked } from './scripted-server.ts'

export type Instance = { readonly Node?: object; readonly Service?: object; readonly Checks?: readonly object[] }

export type ConsulServer = ScriptedServer & {
  /** Replaces the instances of a service; none of them takes it out of the catalog. What waits for news is answered. */
  readonly set: (service: string, ...instances: readonly Instance[]) => void
  /** Its state is lost but for the services: indexes begin anew. */
  readonly restart: () => void
  /** Answers in place of its own; undefined: its own again. */
  broken: ((asked: ServerAsked) => Scripted | undefined) | undefined
}

/**
 * The part of Consul's HTTP API that discovery asks for, with blocking queries, as its documentation says:
 * https://developer.hashicorp.com/consul/api-docs/features/blocking, …/catalog#list-services, …/health#list-service-instances-for-service
 */
export async function startConsul(): Promise<ConsulServer> {
  const services = new Map<string, { readonly instances: readonly Instance[]; readonly index: number }>()
  const waiting = new Set<() => void>()
  let catalogIndex = 10
  let index = 10

  const wake = (): void => {
    for (const one of waiting) one()
  }
  /** Resolves when something changed after `seen`; at once for a first question, and for an index of a former life. */
  const news = async (asked: ServerAsked, current: () => number): Promise<void> => {
    const seen = Number(asked.query.get('index') ?? 0)
    while (seen !== 0 && current() === seen) {
      await new Promise<void>((resolve) => {
        const one = (): void => {
          waiting.delete(one)
          resolve()
        }
        waiting.add(one)
      })
    }
  }
  const answer = async (asked: ServerAsked): Promise<Scripted> => {
    const broken = server.broken?.(asked)
    if (broken !== undefined) return broken
    if (asked.path.endsWith('/v1/agent/self')) return { body: { Config: { Datacenter: 'dc-east' } } }
    if (asked.path.endsWith('/v1/catalog/services')) {
      await news(asked, () => catalogIndex)
      const tags = [...services].map(([name, { instances }]) => [name, [...new Set(instances.flatMap(tagsOf))]])
      return { headers: { 'x-consul-index': String(catalogIndex) }, body: Object.fromEntries(tags) }
    }
    const name = decodeURIComponent(/\/v1\/health\/service\/(.+)$/.exec(asked.path)?.[1] ?? '')
    const indexNow = (): number => services.get(name)?.index ?? catalogIndex
    await news(asked, indexNow)
    const wanted = asked.query.getAll('tag')
    const found = (services.get(name)?.instances ?? []).filter((one) => wanted.every((tag) => tagsOf(one).includes(tag)))
    return { headers: { 'x-consul-index': String(indexNow()) }, body: found }
  }
  const scripted = await startScriptedServer(answer)
  const server: ConsulServer = {
    ...scripted,
    broken: undefined,
    set: (service, ...instances) => {
      index++
      if (!services.has(service) || instances.length === 0) catalogIndex = index
      if (instances.length === 0) services.delete(service)
      else services.set(service, { instances, index })
      wake()
    },
    restart: () => {
      index = 1
      catalogIndex = 1
      for (const [name, { instances }] of services) services.set(name, { instances, index: 1 })
      wake()
    },
  }
  return server
}

const tagsOf = ({ Service }: Instance): readonly string[] => {
  const tags: unknown = Service !== undefined && 'Tags' in Service ? Service.Tags : []
  return Array.isArray(tags) ? tags.map(String) : []
}

export const instanceAt = (address: string, port: number, more: object = {}): Instance => ({
  Node: { Node: 'node-1', Address: '10.0.0.1' },
  Service: { ID: `id-${address}`, Address: address, Port: port, Tags: [], ...more },
  Checks: [],
})

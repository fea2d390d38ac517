import { readList } from '../client/read-json.ts'
import type { ServiceAnswer, ServiceClient } from '../client/service-client.ts'
import type { Json } from '../json.ts'
import type { DockerDiscoveryConfig } from './config.ts'

export type DockerApi = {
  /** @throws DiscoveryError */
  readonly containersAndNetworks: (signal: AbortSignal) => Promise<readonly [containers: readonly Json[], networks: readonly Json[]]>
}

/** The newest version whose answers are known here; an older daemon is asked in its own. */
const NEWEST = [1, 51] as const

/** @see https://docs.docker.com/reference/api/engine/ */
export function createDockerApi({ config, client }: { readonly config: DockerDiscoveryConfig; readonly client: ServiceClient }): DockerApi {
  const { daemon, filters, timeoutMs } = config
  const query = new URLSearchParams(filters.length === 0 ? {} : { filters: JSON.stringify(filterValues(config)) })

  const get = (path: string, search: string, signal: AbortSignal): Promise<ServiceAnswer> => {
    const url = new URL(daemon.url)
    url.pathname = daemon.url.pathname.replace(/\/$/, '') + path
    url.search = search
    return client.get({ url, timeoutMs }, signal)
  }

  return {
    containersAndNetworks: async (signal) => {
      const version = versionPath(await get('/_ping', '', signal))
      const containers = await get(`${version}/containers/json`, query.toString(), signal)
      const networks = await get(`${version}/networks`, '', signal)
      return [readList(containers.text, 'containers'), readList(networks.text, 'networks')]
    },
  }
}

/** `{name: [value, …]}`; what is said of one name twice is said together. */
function filterValues({ filters }: DockerDiscoveryConfig): Readonly<Record<string, readonly string[]>> {
  const values = new Map<string, readonly string[]>()
  for (const filter of filters) values.set(filter.name, [...(values.get(filter.name) ?? []), ...filter.values])
  return Object.fromEntries(values)
}

/** The version that both sides know, as the beginning of a path; a daemon that does not say one is asked without. */
function versionPath({ headers }: ServiceAnswer): string {
  const match = /^(\d+)\.(\d+)$/.exec(headers['api-version']?.toString() ?? '')
  if (match === null) return ''
  const [major, minor] = [Number(match[1]), Number(match[2])]
  const isNewer = major > NEWEST[0] || (major === NEWEST[0] && minor > NEWEST[1])
  return isNewer ? `/v${NEWEST.join('.')}` : `/v${major}.${minor}`
}

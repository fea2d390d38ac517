import { mappingOf } from '@clymene/model'
import { configMap, type ConfigMap, type HttpAccessConfig } from '@clymene/runtime'

import { intervalAt, portAt, readHttpItem, someTextsAt, type Fields } from '../config-values.ts'
import type { ParseOptions } from '../discoverer-config.ts'

export type DockerDiscoveryConfig = {
  readonly daemon: DockerDaemon
  readonly http: HttpAccessConfig
  /** Of containers that expose no TCP port. */
  readonly port: number
  /** The address of containers that share the network of their host. */
  readonly hostNetworkingHost: string
  /** Only the first network, by name, of a container with several. */
  readonly matchFirstNetwork: boolean
  readonly filters: readonly DockerFilter[]
  readonly refreshMs: number
  /** For each answer. */
  readonly timeoutMs: number
}

export type DockerDaemon = {
  /** With the path where the API begins; its host is just a name when there is a socket. */
  readonly url: URL
  readonly socketPath?: string
}

export type DockerFilter = { readonly name: string; readonly values: readonly string[] }

const LONGEST_TIMEOUT_MS = 60_000
const KEYS = ['host', 'port', 'host_networking_host', 'match_first_network', 'filters', 'refresh_interval']

/**
 * Reads one item of `docker_sd_configs`. Files of secrets are not looked at: they may come later.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#docker_sd_config
 */
export function parseDockerConfig(value: unknown, where: string, { directory }: ParseOptions = {}): DockerDiscoveryConfig {
  return readHttpItem(value, where, { keys: KEYS, directory }, (map, http, fields) => {
    const refreshMs = intervalAt(map, 'refresh_interval', '1m')
    return {
      daemon: readDaemon(map, http),
      http,
      port: portAt(map, 'port', 80),
      hostNetworkingHost: map.text('host_networking_host') ?? 'localhost',
      matchFirstNetwork: map.bool('match_first_network', true),
      filters: readFilters(map, fields),
      refreshMs,
      timeoutMs: Math.min(refreshMs, LONGEST_TIMEOUT_MS),
    }
  })
}

function readDaemon(map: ConfigMap, http: HttpAccessConfig): DockerDaemon {
  const text = map.text('host') ?? ''
  const unix = /^unix:\/\/(\/.+)$/.exec(text)?.[1]
  if (unix !== undefined) return { url: new URL('http://docker'), socketPath: unix }
  // A daemon that is reached by TCP speaks HTTP, and TLS when it is configured for it.
  const address = text.replace(/^tcp:/, http.tls === undefined ? 'http:' : 'https:')
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') return { url }
  map.mistake(
    'host',
    'expected an address such as unix:///var/run/docker.sock, tcp://host:2375 or https://host:2376, without user and query',
  )
  return { url: new URL('http://docker') }
}

function readFilters(map: ConfigMap, fields: Fields): readonly DockerFilter[] {
  const found = fields.get('filters') ?? []
  if (!Array.isArray(found)) {
    map.mistake('filters', 'expected a list of name and values')
    return []
  }
  return found.flatMap((item: unknown, index) => {
    const place = `filters[${index}]`
    const inner = mappingOf(item)
    if (inner === undefined) {
      map.mistake(place, 'expected a mapping of name and values')
      return []
    }
    const mistakes: string[] = []
    const filter = configMap(inner, (key) => `${place}.${key}`, mistakes)
    filter.only(['name', 'values'])
    const name = filter.text('name') ?? ''
    if (name === '') filter.mistake('name', 'expected text')
    const values = someTextsAt(filter, 'values', inner)
    for (const mistake of mistakes) map.mistake(mistake.slice(0, mistake.indexOf(': ')), mistake.slice(mistake.indexOf(': ') + 2))
    return [{ name, values }]
  })
}

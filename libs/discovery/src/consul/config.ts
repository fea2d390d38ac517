import { mappingOf } from '@clymene/model'
import { secretText, type ConfigMap, type HttpAccessConfig } from '@clymene/runtime'

import { intervalAt, readHttpItem, type Fields } from '../config-values.ts'
import type { ParseOptions } from '../discoverer-config.ts'

export type ConsulDiscoveryConfig = {
  readonly server: ConsulServer
  /** The token is one of its headers. */
  readonly http: HttpAccessConfig
  /** '' is the one of the agent that is asked. */
  readonly datacenter: string
  readonly namespace: string
  readonly partition: string
  /** Empty: all of them. */
  readonly services: readonly string[]
  /** That an instance has to have, all of them. */
  readonly tags: readonly string[]
  readonly nodeMeta: readonly (readonly [name: string, value: string])[]
  /** Of the catalog's services, in Consul's own language. */
  readonly filter: string
  /** Of the instances of a service. */
  readonly healthFilter: string
  readonly tagSeparator: string
  readonly allowStale: boolean
  readonly refreshMs: number
}

export type ConsulServer = {
  /** With the path where the API begins; its host is just a name when there is a socket. */
  readonly url: URL
  readonly socketPath?: string
}

const KEYS = (
  'server path_prefix token datacenter namespace partition tag_separator scheme username password allow_stale refresh_interval services tags ' +
  'node_meta filter health_filter'
).split(' ')

/**
 * Reads one item of `consul_sd_configs`. Files of secrets are not looked at: they may come later.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#consul_sd_config
 */
export function parseConsulConfig(value: unknown, where: string, { directory }: ParseOptions = {}): ConsulDiscoveryConfig {
  return readHttpItem(value, where, { keys: KEYS, directory }, (map, http, fields) => ({
    server: readServer(map, fields),
    http: withToken(map, withUser(map, http)),
    datacenter: map.text('datacenter') ?? '',
    namespace: map.text('namespace') ?? '',
    partition: map.text('partition') ?? '',
    services: [...new Set(map.texts('services'))],
    tags: map.texts('tags'),
    nodeMeta: readNodeMeta(map, fields),
    filter: map.text('filter') ?? '',
    healthFilter: map.text('health_filter') ?? '',
    tagSeparator: map.text('tag_separator') ?? ',',
    allowStale: map.bool('allow_stale', true),
    refreshMs: intervalAt(map, 'refresh_interval', '30s'),
  }))
}

/** `host:port`, or with a scheme and path of its own, or a unix socket. */
function readServer(map: ConfigMap, fields: Fields): ConsulServer {
  const text = map.text('server') ?? (fields.get('server') === '' ? '' : 'localhost:8500')
  const prefix = map.text('path_prefix') ?? ''
  const unix = /^unix:\/\/(\/.+)$/.exec(text)?.[1]
  const [, ownScheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text.trim()) ?? []
  const scheme = ownScheme === 'https' ? 'https' : (map.text('scheme') ?? 'http')
  if (scheme !== 'http' && scheme !== 'https') map.mistake('scheme', 'expected http or https')
  const address = unix === undefined ? `${scheme}://${rest}` : 'http://consul'
  const url = URL.canParse(address) ? new URL(address) : undefined
  const isKnown = ownScheme === undefined || ownScheme === 'http' || ownScheme === 'https' || unix !== undefined
  if (url === undefined || !isKnown || url.username !== '' || url.search !== '' || url.hash !== '') {
    map.mistake('server', 'expected an address such as consul:8500, https://consul:8501 or unix:///run/consul.sock, without user and query')
    return { url: new URL('http://consul') }
  }
  const path = (url.pathname === '/' ? prefix : url.pathname).replaceAll(/^\/+|\/+$/g, '')
  url.pathname = path === '' ? '/' : `/${path}/`
  return unix === undefined ? { url } : { url, socketPath: unix }
}

function withUser(map: ConfigMap, http: HttpAccessConfig): HttpAccessConfig {
  const [username, password] = [map.text('username'), map.text('password')]
  if (username === undefined && password === undefined) return http
  const key = username === undefined ? 'password' : 'username'
  if (http.basic !== undefined) map.mistake(key, 'excludes basic_auth, give one of them')
  if (http.authorization !== undefined) map.mistake(key, 'excludes authorization, give one of them')
  return { ...http, basic: { username: secretText(username ?? ''), password: secretText(password ?? '') } }
}

function withToken(map: ConfigMap, http: HttpAccessConfig): HttpAccessConfig {
  const token = map.text('token')
  if (token === undefined) return http
  if (map.has('authorization') || map.has('oauth2')) map.mistake('token', 'excludes authorization and oauth2, give one of them')
  return { ...http, headers: new Map([...(http.headers ?? []), ['x-consul-token', secretText(token)]]) }
}

function readNodeMeta(map: ConfigMap, fields: Fields): ConsulDiscoveryConfig['nodeMeta'] {
  const meta = map.map('node_meta')
  const names = [...(mappingOf(fields.get('node_meta'))?.keys() ?? [])]
  return names.map((name) => [name, meta?.text(name) ?? ''] as const)
}

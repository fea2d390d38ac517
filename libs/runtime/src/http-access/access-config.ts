import { ConfigError } from '@clymene/model'

import { configMap, type ConfigMap } from './config-map.ts'
import { isHeaderValue, parseHeaderConfig } from './header-config.ts'
import type { HttpAccessOptions } from './http-access.ts'
import { parseOAuth2 } from './oauth2-config.ts'
import { parseProxyConfig, PROXY_KEYS } from './proxy-config.ts'
import { parseSecret } from './secret-config.ts'
import { secretText, type Secret } from './secret.ts'
import { parseTlsConfig } from './tls-config.ts'

export type HttpAccessConfig = HttpAccessOptions & { readonly followRedirects: boolean }

/** Ways to say the header Authorization: one at most. */
const WAYS = ['basic_auth', 'authorization', 'oauth2', 'bearer_token', 'bearer_token_file']

/** The keys that {@link parseHttpAccess} reads. */
export const HTTP_ACCESS_KEYS: readonly string[] = [
  ...WAYS,
  'tls_config',
  'http_headers',
  'follow_redirects',
  'enable_http2',
  ...PROXY_KEYS,
]

/**
 * Reads the HTTP client options of Prometheus, which stand beside other keys in a scrape job or an item of a discovery. Files of
 * secrets are not looked at: they may come later.
 *
 * @param fields all keys of that map; the others are left to the caller.
 * @param where the place of the map, or of a key of it.
 * @throws ConfigError with every mistake; a value never stands in one.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
export function parseHttpAccess(
  fields: ReadonlyMap<string, unknown>,
  where: string | ((key: string) => string),
  { directory, env = process.env }: { readonly directory: string; readonly env?: NodeJS.ProcessEnv },
): HttpAccessConfig {
  const mistakes: string[] = []
  const map = configMap(fields, typeof where === 'string' ? (key) => `${where}.${key}` : where, mistakes)
  const ways = WAYS.filter(map.has)
  if (ways[1] !== undefined) map.mistake(ways[1], `excludes ${ways[0]}, give at most one of ${WAYS.join(', ')}`)
  const basic = parseBasic(map, directory)
  const authorization = parseAuthorization(map, directory) ?? parseBearer(map, directory)
  const tlsMap = map.map('tls_config')
  const tls = tlsMap === undefined ? {} : parseTlsConfig(tlsMap, directory)
  const headers = parseHeaderConfig(map, directory)
  const oauth2Map = map.map('oauth2')
  const oauth2 = oauth2Map && parseOAuth2(oauth2Map, directory, env)
  const proxy = parseProxyConfig(map, env)
  const followRedirects = map.bool('follow_redirects', true)
  const http2 = map.bool('enable_http2', true)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return {
    ...(basic === undefined ? {} : { basic }),
    ...(authorization === undefined ? {} : { authorization }),
    ...(headers.size === 0 ? {} : { headers }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(oauth2 === undefined ? {} : { oauth2 }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(http2 ? { http2 } : {}),
    followRedirects,
  }
}

function parseBasic(parent: ConfigMap, directory: string): HttpAccessOptions['basic'] {
  const map = parent.map('basic_auth')
  if (map === undefined) return undefined
  map.only(['username', 'username_file', 'password', 'password_file'], ['username_ref', 'password_ref'])
  const secret = (name: string): Secret => parseSecret(map, name, directory) ?? secretText('')
  return { username: secret('username'), password: secret('password') }
}

function parseAuthorization(parent: ConfigMap, directory: string): HttpAccessOptions['authorization'] {
  const map = parent.map('authorization')
  if (map === undefined) return undefined
  map.only(['type', 'credentials', 'credentials_file'], ['credentials_ref'])
  const type = map.text('type')?.trim() ?? 'Bearer'
  if (type.toLowerCase() === 'basic') map.mistake('type', 'must not be Basic, use basic_auth')
  if (!isHeaderValue(type)) map.mistake('type', NO_HEADER)
  checkHeaderValue(map, 'credentials')
  return { type: type === '' ? 'Bearer' : type, credentials: parseSecret(map, 'credentials', directory) ?? secretText('') }
}

function parseBearer(map: ConfigMap, directory: string): HttpAccessOptions['authorization'] {
  checkHeaderValue(map, 'bearer_token')
  // That both are given the list of ways has told.
  const token = map.has('bearer_token_file') && map.has('bearer_token') ? undefined : parseSecret(map, 'bearer_token', directory)
  return token === undefined ? undefined : { type: 'Bearer', credentials: token }
}

const NO_HEADER = 'holds a line end or another character that a header cannot carry'

function checkHeaderValue(map: ConfigMap, key: string): void {
  if (!isHeaderValue(map.text(key) ?? '')) map.mistake(key, NO_HEADER)
}

import { resolve } from 'node:path'

import type { ConfigMap } from './config-map.ts'
import { secretFile, secretText, type Secret } from './secret.ts'

/** Headers that the client itself says, or that have a key of their own. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'authorization host content-encoding content-length content-type user-agent connection keep-alive proxy-authenticate proxy-authorization ' +
    'www-authenticate accept-encoding transfer-encoding x-prometheus-remote-write-version x-prometheus-remote-read-version ' +
    'x-prometheus-scrape-timeout-seconds x-amz-date x-amz-security-token x-amz-content-sha256'
  ).split(' '),
)

/** A field name of RFC 9110 §5.6.2. */
export const isHeaderName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)

/** No control character but the tab. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
export const isHeaderValue = (value: string): boolean => !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)

/**
 * Reads `http_headers`: name → values, secrets and files; several of one name become one list (RFC 9110 §5.3). Names come back in small letters.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
 */
export function parseHeaderConfig(parent: ConfigMap, directory: string): ReadonlyMap<string, Secret> {
  const found = new Map<string, readonly Secret[]>()
  const headers = parent.map('http_headers')
  for (const name of headers?.keys() ?? []) {
    const lower = name.toLowerCase()
    if (!isHeaderName(name)) headers?.mistake(name, 'is no name of a header')
    if (RESERVED.has(lower)) headers?.mistake(name, 'this header cannot be set here')
    const map = headers?.map(name)
    if (map === undefined) continue
    map.only(['values', 'secrets', 'files'])
    for (const key of ['values', 'secrets']) {
      if (!map.texts(key).every(isHeaderValue)) map.mistake(key, 'holds a line end or another character that a header cannot carry')
    }
    const texts = [...map.texts('values'), ...map.texts('secrets')].map(secretText)
    const files = map.texts('files').map((path) => secretFile(resolve(directory, path)))
    found.set(lower, [...(found.get(lower) ?? []), ...texts, ...files])
  }
  return new Map([...found].filter(([, values]) => values.length > 0).map(([name, values]) => [name, joined(values)]))
}

const joined =
  (values: readonly Secret[]): Secret =>
  () =>
    values.map((value) => value()).join(', ')

import { resolve } from 'node:path'
import type { SecureVersion } from 'node:tls'

import { errorMessage } from '@clymene/model'

import { pemFile, pemText, type ClientTls, type Pem } from './client-tls.ts'
import type { ConfigMap } from './config-map.ts'
import { certificatesOf, privateKeyOf } from './pem.ts'

const KEYS = ['ca', 'ca_file', 'cert', 'cert_file', 'key', 'key_file', 'server_name', 'insecure_skip_verify', 'min_version', 'max_version']

const VERSIONS: ReadonlyMap<string, SecureVersion> = new Map([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
])

/**
 * Reads a `tls_config`. PEM that stands in it has to be right; a file is not looked at, it may come later.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#tls_config
 */
export function parseTlsConfig(map: ConfigMap, directory: string): ClientTls {
  map.only(KEYS, ['ca_ref', 'cert_ref', 'key_ref'])
  const ca = pemOf(map, 'ca', directory, certificatesOf)
  const cert = pemOf(map, 'cert', directory, certificatesOf)
  const key = pemOf(map, 'key', directory, privateKeyOf)
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    map.mistake(map.has(given) ? given : `${given}_file`, `needs ${missing} or ${missing}_file beside it`)
  }
  checkPair(map)
  const [minVersion, maxVersion] = [versionOf(map, 'min_version'), versionOf(map, 'max_version')]
  if (maxVersion !== undefined && maxVersion < (minVersion ?? 'TLSv1.2')) {
    map.mistake('max_version', `is below min_version${minVersion === undefined ? ', which is TLS12 when it is not given' : ''}`)
  }
  const serverName = map.text('server_name')
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(map.bool('insecure_skip_verify', false) ? { skipVerify: true } : {}),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  }
}

function pemOf(map: ConfigMap, name: string, directory: string, check: (text: string) => unknown): Pem | undefined {
  const [text, path] = [map.text(name), map.text(`${name}_file`)]
  if (text !== undefined && path !== undefined) map.mistake(`${name}_file`, `excludes ${name}, give one of them`)
  if (path !== undefined) return pemFile(resolve(directory, path))
  if (text === undefined) return undefined
  try {
    check(text)
  } catch (error) {
    map.mistake(name, errorMessage(error))
  }
  return pemText(text)
}

function checkPair(map: ConfigMap): void {
  const [cert, key] = [map.text('cert'), map.text('key')]
  if (cert === undefined || key === undefined) return
  try {
    if (!certificatesOf(cert)[0].checkPrivateKey(privateKeyOf(key))) map.mistake('key', 'is not the key of cert')
  } catch {
    // Each of them was checked above.
  }
}

function versionOf(map: ConfigMap, key: string): SecureVersion | undefined {
  const text = map.text(key)
  if (text === undefined) return undefined
  const version = VERSIONS.get(text)
  if (version === undefined) map.mistake(key, `expected one of ${[...VERSIONS.keys()].join(', ')}`)
  return version
}

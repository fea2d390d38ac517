import { createHash } from 'node:crypto'
import { resolve } from 'node:path'

import { ConfigError, scalarText, shown } from '@clymene/model'
import { HTTP_ACCESS_KEYS, parseHttpAccess } from '@clymene/runtime'

import { apiSource } from './api-source.ts'
import type { ApiSource } from './watches.ts'

/** Keys of an item of discovery that say where the API server is, beside those of an HTTP client. */
export const API_KEYS = ['api_server', 'kubeconfig_file']

/** Set to their default these mean nothing. */
const HARMLESS = new Set(['follow_redirects', 'enable_http2'])

export type ApiRules = {
  /** Whether the namespace of the agent's own pod is asked for. */
  readonly ownNamespace: boolean
  /** Where relative paths begin. */
  readonly directory: string
}

/** Reads where the API server is; without the keys it is the one of the cluster that the agent runs in. A kubeconfig is looked at. */
export function readApi(
  fields: ReadonlyMap<string, unknown>,
  where: string,
  { ownNamespace, directory }: ApiRules,
  mistakes: string[],
): ApiSource {
  const server = readUrl(fields.get('api_server'), `${where}.api_server`, mistakes)
  const kubeconfig = readPath(fields.get('kubeconfig_file'), `${where}.kubeconfig_file`, directory, mistakes)
  if (server !== undefined && kubeconfig !== undefined) mistakes.push(`${where}.kubeconfig_file: excludes api_server, give at most one`)
  if (ownNamespace && (server !== undefined || kubeconfig !== undefined))
    mistakes.push(`${where}.namespaces.own_namespace: only inside the cluster, excludes api_server and kubeconfig_file; name the namespace`)
  const httpKeys = HTTP_ACCESS_KEYS.filter((key) => fields.get(key) !== undefined && fields.get(key) !== null && !HARMLESS.has(key))
  if (httpKeys.length > 0 && server === undefined)
    mistakes.push(`${where}.${httpKeys[0]}: is for api_server; a kubeconfig and a service account bring their own credentials`)
  try {
    const http = parseHttpAccess(fields, where, { directory })
    if (kubeconfig !== undefined) return apiSource.kubeconfig(kubeconfig, `${where}.kubeconfig_file`)
    if (server === undefined) return apiSource.inCluster
    const said = shown([directory, ...HTTP_ACCESS_KEYS.map((key) => fields.get(key))])
    return apiSource.direct({ url: server, http }, createHash('sha256').update(said).digest('hex'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    mistakes.push(...error.mistakes)
    return apiSource.inCluster
  }
}

function readUrl(value: unknown, where: string, mistakes: string[]): string | undefined {
  if (value === undefined || value === null) return undefined
  const text = scalarText(value) ?? ''
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') return text
  mistakes.push(`${where}: expected a URL such as https://host:6443, without user and query`)
  return undefined
}

function readPath(value: unknown, where: string, directory: string, mistakes: string[]): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value !== '') return resolve(directory, value)
  mistakes.push(`${where}: expected a path, found ${shown(value)}`)
  return undefined
}

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'

import { ConfigError, scalarText, shown } from '@clymene/model'
import { HTTP_ACCESS_KEYS, parseHttpAccess } from '@clymene/runtime'

import type { ParseOptions } from '../discoverer-config.ts'
import { readMapping } from '../target-groups.ts'
import { apiSource } from './api-source.ts'
import { ATTACH_KEYS, ATTACH_NOTHING, type Attach } from './attach.ts'
import { readFlag } from './flag-value.ts'
import { readNamespaces, type Namespaces } from './namespaces.ts'
import { ROLES, type Role } from './roles.ts'
import { readSelectors, type Selectors } from './selectors.ts'
import type { ApiSource } from './watches.ts'

export type KubernetesConfig = {
  readonly role: Role
  readonly api: ApiSource
  readonly namespaces: Namespaces
  readonly selectors: Selectors
  readonly attach: Attach
  /** Pods are asked for of this node only. */
  readonly ofNode: string | undefined
}

const OWN_KEYS = ['role', 'api_server', 'kubeconfig_file', 'namespaces', 'selectors', 'attach_metadata']
/** Set to their default these mean nothing. */
const HARMLESS = new Set(['follow_redirects', 'enable_http2'])

/**
 * Reads one item of `kubernetes_sd_configs`. Files of secrets are not looked at; a kubeconfig is, for its mistakes.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
 */
export function parseKubernetesConfig(value: unknown, where: string, options: ParseOptions = {}): KubernetesConfig {
  const mistakes: string[] = []
  const fields = readMapping(value, where, mistakes)
  const known = [...OWN_KEYS, ...HTTP_ACCESS_KEYS]
  for (const key of fields.keys()) if (!known.includes(key)) mistakes.push(`${where}.${key}: unknown key (known: ${known.join(', ')})`)
  const role = readRole(fields.get('role'), `${where}.role`, mistakes)
  const namespaces = readNamespaces(fields.get('namespaces'), `${where}.namespaces`, mistakes)
  const config = {
    role,
    namespaces,
    api: readApi(fields, where, namespaces, options.directory ?? '.', mistakes),
    selectors: readSelectors(fields.get('selectors'), `${where}.selectors`, { role, ownNode: options.ownNode }, mistakes),
    attach: readAttach(fields.get('attach_metadata'), `${where}.attach_metadata`, mistakes),
    ofNode: role === 'pod' ? options.ownNode : undefined,
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return config
}

function readRole(value: unknown, where: string, mistakes: string[]): Role {
  const role = ROLES.find((one) => one === value)
  if (role !== undefined) return role
  const isAbsent = value === undefined || value === null
  mistakes.push(
    `${where}: ${isAbsent ? `is needed, one of ${ROLES.join(', ')}` : `expected one of ${ROLES.join(', ')}, found ${shown(value)}`}`,
  )
  return 'pod'
}

function readApi(
  fields: ReadonlyMap<string, unknown>,
  where: string,
  { own }: Namespaces,
  directory: string,
  mistakes: string[],
): ApiSource {
  const server = readUrl(fields.get('api_server'), `${where}.api_server`, mistakes)
  const kubeconfig = readPath(fields.get('kubeconfig_file'), `${where}.kubeconfig_file`, directory, mistakes)
  if (server !== undefined && kubeconfig !== undefined) mistakes.push(`${where}.kubeconfig_file: excludes api_server, give at most one`)
  if (own && (server !== undefined || kubeconfig !== undefined))
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

/** Which of these a role has objects of is not checked, as Prometheus does not: the others change nothing. */
function readAttach(value: unknown, where: string, mistakes: string[]): Attach {
  if (value === undefined || value === null) return ATTACH_NOTHING
  const fields = readMapping(value, where, mistakes)
  const known = new Set<string>(ATTACH_KEYS)
  for (const key of fields.keys()) {
    if (!known.has(key)) mistakes.push(`${where}.${key}: unknown key (known: ${ATTACH_KEYS.join(', ')})`)
  }
  const read = (key: keyof Attach): boolean => readFlag(fields.get(key), `${where}.${key}`, mistakes)
  return { node: read('node'), namespace: read('namespace'), deployment: read('deployment'), job: read('job'), cronjob: read('cronjob') }
}

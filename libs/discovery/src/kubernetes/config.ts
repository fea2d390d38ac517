import { ConfigError, shown } from '@clymene/model'
import { HTTP_ACCESS_KEYS } from '@clymene/runtime'

import type { ParseOptions } from '../discoverer-config.ts'
import { readMapping } from '../target-groups.ts'
import { API_KEYS, readApi } from './api-config.ts'
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

const KNOWN = ['role', ...API_KEYS, 'namespaces', 'selectors', 'attach_metadata', ...HTTP_ACCESS_KEYS]

/**
 * Reads one item of `kubernetes_sd_configs`. Files of secrets are not looked at; a kubeconfig is, for its mistakes.
 *
 * @throws ConfigError with every mistake.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
 */
export function parseKubernetesConfig(value: unknown, where: string, options: ParseOptions = {}): KubernetesConfig {
  const mistakes: string[] = []
  const fields = readMapping(value, where, mistakes)
  for (const key of fields.keys()) if (!KNOWN.includes(key)) mistakes.push(`${where}.${key}: unknown key (known: ${KNOWN.join(', ')})`)
  const role = readRole(fields.get('role'), `${where}.role`, mistakes)
  const namespaces = readNamespaces(fields.get('namespaces'), `${where}.namespaces`, mistakes)
  const config = {
    role,
    namespaces,
    api: readApi(fields, where, { ownNamespace: namespaces.own, directory: options.directory ?? '.' }, mistakes),
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

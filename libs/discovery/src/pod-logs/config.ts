import { resolve } from 'node:path'

import { ConfigError, shown } from '@clymene/model'
import { HTTP_ACCESS_KEYS } from '@clymene/runtime'

import { intervalAt, readItem } from '../config-values.ts'
import type { ParseOptions } from '../discoverer-config.ts'
import { API_KEYS, readApi } from '../kubernetes/api-config.ts'
import { readNames } from '../kubernetes/namespaces.ts'
import { readSelectors, type Selector } from '../kubernetes/selectors.ts'
import type { ApiSource } from '../kubernetes/watches.ts'

export type PodLogsConfig = {
  /** Folder with `pods` and `containers`. */
  readonly root: string
  /** How often it is looked at where watching it does not tell sooner. */
  readonly refreshMs: number
  /** None is all. */
  readonly namespaces: readonly string[]
  readonly excludedNamespaces: readonly string[]
  /** Whether an API server is asked: where one is configured or the agent runs in a cluster (auto), or in any case. */
  readonly asks: boolean | 'auto'
  readonly api: ApiSource
  /** Whether the API server is named, rather than that of the cluster around the agent. */
  readonly namesApi: boolean
  /** Of the pods that are asked for, the own node's among them. */
  readonly selector: Selector
  /** Whether the configuration selects pods: then what the API server never named is none of them. */
  readonly selects: boolean
  /** Whose logs these are; undefined: not known. */
  readonly ofNode: string | undefined
}

const KEYS = ['path', 'api', ...API_KEYS, 'namespaces', 'exclude_namespaces', 'selectors', 'refresh_interval', ...HTTP_ACCESS_KEYS]
const ASKS: ReadonlyMap<unknown, PodLogsConfig['asks']> = new Map<unknown, PodLogsConfig['asks']>([
  [true, true],
  ['true', true],
  [false, false],
  ['false', false],
  ['auto', 'auto'],
])
const NOT_ASKED = 'the labels of a pod are known to the API server only, which api: false does not ask'

/**
 * Reads one item of `pod_logs_sd_configs`.
 *
 * @throws ConfigError with every mistake.
 */
export function parsePodLogsConfig(value: unknown, where: string, options: ParseOptions = {}): PodLogsConfig {
  if (options.forFiles !== true)
    throw new ConfigError(`${where}: finds files of log jobs; the pods of scrapes are found by kubernetes_sd_configs`)
  const { directory = '.', ownNode } = options
  return readItem(value, where, KEYS, (map, fields, mistakes) => {
    const path = map.text('path') ?? '/var/log'
    if (/[*?[\]{}\\]/.test(path)) map.mistake('path', `expected a folder, without wildcards, found ${shown(path)}`)
    const given = fields.get('api') ?? 'auto'
    const asks = ASKS.get(given)
    if (asks === undefined) map.mistake('api', `expected true, false or auto, found ${shown(given)}`)
    const selectors = readSelectors(fields.get('selectors'), `${where}.selectors`, { role: 'pod', ownNode }, mistakes)
    if (selectors.has('nodes')) map.mistake('selectors', 'can select pods only')
    const selects = isGiven(fields.get('selectors'))
    if (asks === false && selects) map.mistake('selectors', `have no effect: ${NOT_ASKED}`)
    const apiKey = API_KEYS.find((key) => isGiven(fields.get(key)))
    if (asks === false && apiKey !== undefined) map.mistake(apiKey, 'has no effect: api: false asks none')
    return {
      root: resolve(directory, path),
      refreshMs: intervalAt(map, 'refresh_interval', '10s'),
      namespaces: readNames(fields.get('namespaces'), `${where}.namespaces`, mistakes),
      excludedNamespaces: readNames(fields.get('exclude_namespaces'), `${where}.exclude_namespaces`, mistakes),
      asks: asks ?? 'auto',
      api: readApi(fields, where, { ownNamespace: false, directory }, mistakes),
      namesApi: apiKey !== undefined,
      selector: selectors.get('pods') ?? NO_SELECTOR,
      selects,
      ofNode: ownNode,
    }
  })
}

const NO_SELECTOR: Selector = { labelSelector: '', fieldSelector: '' }

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

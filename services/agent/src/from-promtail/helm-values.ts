import { posix } from 'node:path'

import { ConfigError } from '@clymene/model'
import { stringify } from 'yaml'

import { openYaml, type Section } from '../config/section.ts'
import { ownCluster } from '../own-cluster.ts'
import type { ClientFile } from './client-flags.ts'
import { fromPromtail, positionsOf, type FromPromtailOptions } from './from-promtail.ts'
import { helmNotes, variablesOfClients } from './helm-notes.ts'
import { pathInPod, secretNotes } from './helm-secrets.ts'
import { readLogConfig } from './log-config-mistakes.ts'
import { withoutKeys } from './without-keys.ts'

export type HelmValuesOptions = FromPromtailOptions & {
  /** '' is what the jobs and the labels of the client say. */
  readonly cluster: string
  /** Where the gateways of the main cluster are; empty: lines go to Loki, as the client says. */
  readonly gatewayHosts: readonly string[]
}

export type HelmValues = {
  /** A file of values for k8s/helm/clymene, whose log agent does what Promtail did, and nothing else. */
  readonly text: string
  readonly notes: readonly string[]
  /** Why its agent would not start in a pod of the chart. */
  readonly mistakes: readonly string[]
}

/** @throws ConfigError when the text is no YAML map, and when the values would lack what the chart has to be told. */
export function helmValues({ cluster, gatewayHosts, ...options }: HelmValuesOptions): HelmValues {
  const { config, expandFrom } = options
  const files: ClientFile[] = []
  // What clients say becomes arguments of the pod, in which Kubernetes puts the name of the node: in place of that of this machine.
  const expanding = expandFrom === undefined ? {} : { expandFrom: { ...expandFrom, HOSTNAME: '$(HOSTNAME)' } }
  const pathOf = (file: ClientFile): string => {
    files.push(file)
    return pathInPod(file)
  }
  const { flags, notes } = fromPromtail({ config, ...expanding, pathOf })
  const said = new Map(flags)
  // What is wrong in it is told by the agent's own reading.
  const root = openYaml(config.text, config.path, [])
  const own = nameOf(cluster, options, said)
  const delivery = deliveryOf({ said, gatewayHosts, name: own.name, path: config.path })
  const state = stateOf(posix.dirname(positionsOf(root)))
  const args = flags.filter(([name]) => !OF_THE_CHART.has(name) && !(delivery.isByGateway && name.startsWith('loki.')))
  // The chart's own variable has node_name, which would make other streams than Promtail's.
  const labels = said.has(LABELS) ? [] : [[LABELS, ''] as const]
  const named = cluster === '' ? [] : [['cluster', cluster] as const]
  const logAgent = {
    configuration: withoutKeys(config, ['clients', 'client', 'server']),
    extraArgs: [...named, ...args, ...labels].map(([name, value]) => `--${name}=${value}`),
    ...(root.sections('scrape_configs').some((job) => job.has('journal')) ? { journal: true } : {}),
    ...state.values,
  }
  return {
    text: [
      stringify({ ...delivery.values, logAgent }, { lineWidth: 0 }).trimEnd(),
      '# What Promtail does not do: true where you want it, too.',
      stringify(ONLY_LOGS).trimEnd(),
    ].join('\n'),
    notes: [
      ...(delivery.isByGateway ? [] : secretNotes(files)),
      ...(own.isNew ? [`label cluster=${JSON.stringify(own.name)} is new on lines that had none: Loki begins new streams`] : []),
      ...state.notes,
      ...notes.filter((note) => !(delivery.isByGateway && note.includes('--loki.client.')) && !isOfThePod(note, root)),
      ...delivery.notes,
      ...helmNotes(root, { port: said.get('admin.http.host-ports'), isExpanded: expandFrom !== undefined }),
    ],
    mistakes: state.mistakes.map((mistake) => `${config.path}: ${mistake}`),
  }
}

const LABELS = 'clymene-promtail.external-labels'
/** Flags that the chart sets by its values, or has its own of. */
const OF_THE_CHART: ReadonlySet<string> = new Set(['config.file', 'buffer.dir', 'admin.http.host-ports', 'storage-type', 'loki.client.url'])
const ONLY_LOGS = Object.fromEntries(['agent', 'events', 'nodeExporter', 'kubeStateMetrics'].map((name) => [name, { enabled: false }]))

type Said = ReadonlyMap<string, string>

/** A variable that this machine does not have, and only jobs name: they are read in the pod. */
function isOfThePod(note: string, root: Section): boolean {
  const [, name] = /: the environment has no (\w+): it is empty$/.exec(note) ?? []
  return name !== undefined && !variablesOfClients(root).has(name)
}

/** Of the cluster; it is new where neither jobs nor labels say it. */
function nameOf(given: string, options: FromPromtailOptions, said: Said): { readonly name: string; readonly isNew: boolean } {
  const logLabels = (said.get(LABELS) ?? '').split(',').map((pair): [string, string] => {
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    return [name, value]
  })
  const inFile = ownCluster({ cluster: '', logLabels, scrapeConfigs: [], logConfigs: readLogConfig(options, []) })
  const name = given === '' ? inFile : given
  if (name === '') throw new ConfigError([`--cluster is empty, and ${options.config.path} names no cluster, or several: expected its name`])
  if (!/^[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(name))
    throw new ConfigError([`--cluster=${JSON.stringify(name)}: expected letters, digits, ".", "_" and "-", as the chart takes them`])
  if (inFile !== '' && inFile !== name)
    throw new ConfigError([`--cluster=${JSON.stringify(name)}: the jobs of ${options.config.path} say ${JSON.stringify(inFile)}`])
  return { name, isNew: inFile === '' }
}

type Delivery = { readonly values: Readonly<Record<string, unknown>>; readonly isByGateway: boolean; readonly notes: readonly string[] }

function deliveryOf(to: {
  readonly said: Said
  readonly gatewayHosts: readonly string[]
  readonly name: string
  readonly path: string
}): Delivery {
  const { said, gatewayHosts, name: cluster, path } = to
  const values = { role: 'target', cluster }
  const url = said.get('loki.client.url')
  if (gatewayHosts.length === 0) {
    if (url === undefined) throw new ConfigError([`${path} has no client with a url: --gateway-hosts has to say where lines go`])
    return { values: { ...values, route: 'direct', storages: { logs: ['loki'], loki: { url } } }, isByGateway: false, notes: [] }
  }
  const wrong = gatewayHosts.filter((host) => !/^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])$/.test(host))
  if (wrong.length > 0)
    throw new ConfigError(wrong.map((host) => `--gateway-hosts: ${JSON.stringify(host)}: expected a name or an address, without a port`))
  const left = [...said].filter(([name]) => name.startsWith('loki.')).map(([name, value]) => `--${name}=${value}`)
  const notes =
    left.length === 0 ? [] : [`${path}: gateways write to Loki: ${left.join(' ')} is for storages and logIngester of the main cluster`]
  return { values: { ...values, target: { gatewayHosts } }, isByGateway: true, notes }
}

type State = Readonly<Record<'values', Readonly<Record<string, unknown>>> & Record<'notes' | 'mistakes', readonly string[]>>

/** The folder of the positions, which has to outlive the pod: it is the chart's folder of the node, under Promtail's own path as well. */
function stateOf(folder: string): State {
  if (folder === STATE) return { values: {}, notes: [], mistakes: [] }
  if (!folder.startsWith('/') || ['/', '/var/log', '/etc/promtail', '/var/lib/docker/containers'].includes(folder))
    return {
      values: {},
      notes: [],
      mistakes: [`positions.filename: ${folder} cannot be written in a pod of the chart: expected a folder as ${STATE}`],
    }
  const extraVolumeMounts = [{ name: 'state', mountPath: folder }]
  if (folder === '/tmp' || folder.startsWith('/tmp/'))
    return {
      values: { extraVolumeMounts },
      notes: [
        `positions.filename: ${folder} went with Promtail's pod: files are read from their beginning, unless you bring the file to ${STATE} of each node first (docs/migrate.md), or logAgent.extraArgs has --logs.from=end`,
      ],
      mistakes: [],
    }
  return {
    values: { hostPaths: { state: folder }, extraVolumeMounts },
    notes: [
      `logAgent.hostPaths.state: ${folder} is what positions.filename says: look at the hostPath of that volume in Promtail's DaemonSet, in another folder files are read from their beginning`,
    ],
    mistakes: [],
  }
}
const STATE = '/var/lib/clymene-promtail'

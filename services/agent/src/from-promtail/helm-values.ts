import { posix } from 'node:path'

import { ConfigError } from '@clymene/model'
import { stringify } from 'yaml'

import { openYaml, type Section } from '../config/section.ts'
import { ownCluster } from '../own-cluster.ts'
import { fromPromtail, positionsOf, type FromPromtailOptions } from './from-promtail.ts'
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
  const { flags, notes } = fromPromtail(options)
  const said = new Map(flags)
  // What is wrong in it is told by the agent's own reading.
  const root = openYaml(config.text, config.path, [])
  const delivery = deliveryOf({ said, gatewayHosts, name: nameOf(cluster, options, said), path: config.path })
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
      ...notes.filter((note) => !(delivery.isByGateway && note.includes('--loki.client.'))),
      ...delivery.notes,
      ...portNotes(root, said),
      ...fileNotes(args),
      ...(expandFrom === undefined ? [] : variableNotes(config.text)),
      ...pathNotes(root),
    ],
    mistakes: state.mistakes.map((mistake) => `${config.path}: ${mistake}`),
  }
}

const LABELS = 'clymene-promtail.external-labels'
/** Flags that the chart sets by its values, or has its own of. */
const OF_THE_CHART: ReadonlySet<string> = new Set(['config.file', 'buffer.dir', 'admin.http.host-ports', 'storage-type', 'loki.client.url'])
const ONLY_LOGS = Object.fromEntries(['agent', 'events', 'nodeExporter', 'kubeStateMetrics'].map((name) => [name, { enabled: false }]))

type Said = ReadonlyMap<string, string>

function nameOf(given: string, options: FromPromtailOptions, said: Said): string {
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
  return name
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

/** The folder of the positions, which has to outlive the pod: it is the chart's folder of the node, under Promtail's own path as well. */
function stateOf(folder: string): { readonly values: Readonly<Record<string, unknown>>; readonly mistakes: readonly string[] } {
  if (folder === STATE) return { values: {}, mistakes: [] }
  if (!folder.startsWith('/') || ['/', '/var/log', '/etc/promtail', '/var/lib/docker/containers'].includes(folder))
    return {
      values: {},
      mistakes: [`positions.filename: ${folder} cannot be written in a pod of the chart: expected a folder as ${STATE}`],
    }
  const extraVolumeMounts = [{ name: 'state', mountPath: folder }]
  // What is under /tmp went with the pod of Promtail.
  const isOfPod = folder === '/tmp' || folder.startsWith('/tmp/')
  return { values: { ...(isOfPod ? {} : { hostPaths: { state: folder } }), extraVolumeMounts }, mistakes: [] }
}

const STATE = '/var/lib/clymene-promtail'

function portNotes(root: Section, said: Said): readonly string[] {
  const port = said.get('admin.http.host-ports')
  return port === undefined ? [] : [`${root.where('server')}: its port is 15698 in the chart, not ${port}`]
}

const SECRETS = '/etc/clymene-credentials'

function fileNotes(args: readonly (readonly [string, string])[]): readonly string[] {
  const files = args.filter(([name, file]) => /-file$|tls\.(ca|cert|key)$/.test(name) && !file.startsWith(`${SECRETS}/`))
  return files.map(
    ([name, file]) =>
      `--${name}=${file}: the pod has ${SECRETS}, of the Secret clymene-agent-credentials; mount others by logAgent.extraVolumes`,
  )
}

function variableNotes(text: string): readonly string[] {
  const names = new Set([...text.matchAll(/(?<!\$)\$\{([A-Za-z_]\w*)/g)].map(([, name = '']) => name))
  // The chart's is the name of the node, as in Promtail's own manifests.
  names.delete('HOSTNAME')
  return names.size === 0 ? [] : [`--config.expand-env: logAgent.extraEnv has to have ${[...names].join(', ')}`]
}

/** Files that are in no folder that the chart mounts. */
function pathNotes(root: Section): readonly string[] {
  return root.sections('scrape_configs').flatMap((job) => {
    const paths = [
      ...job
        .sections('static_configs')
        .flatMap((group) => group.texts('labels').flatMap(([name, text]) => (name === '__path__' ? text : []))),
      ...job
        .sections('relabel_configs')
        .flatMap((rule) => (rule.string('target_label', '') === '__path__' ? rule.string('replacement', '') : [])),
    ]
    const elsewhere = paths.filter((path) => path.startsWith('/') && !/^\/var\/(log|lib\/docker\/containers)\//.test(path))
    return elsewhere.map(
      (path) => `${job.where()}: the pod has no ${path}: mount its folder by logAgent.extraVolumes and extraVolumeMounts`,
    )
  })
}

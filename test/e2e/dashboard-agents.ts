import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse, parseAllDocuments, stringify } from 'yaml'

import type { ServedCluster } from '../dashboards/served-cluster.ts'
import { root } from '../manifests/manifest-files.ts'

/** A cluster that an agent collects, with the manifest that its agent would run by. */
export type ObservedCluster = ServedCluster & {
  readonly cluster: string
  readonly manifest: string
  /** node-exporter and cAdvisor by two jobs, a moved pod at both its nodes, objects by two replicas of kube-state-metrics. */
  readonly seenTwice: boolean
}

/** A pod of ours: the annotations and labels of its template, as discovery would tell them. */
export type ServicePod = { readonly namespace: string; readonly name: string; readonly app: string; readonly url: string }

export type Addresses = {
  /** Of served-cluster.ts. */
  readonly exporters: string
  readonly nodeExporter: string
  /** Whose samples are three days old: stores refuse them for good. */
  readonly late: string
}

export const SCRAPE_SECONDS = 1

/** Where the agent of a cluster finds its services; written anew as they come. */
const servicesFile = (directory: string): string => join(directory, 'services.json')

export function writeServices(directory: string, pods: readonly ServicePod[]): void {
  const groups = pods.map(({ namespace, name, app, url }) => {
    const { host, port } = new URL(url)
    const discovered = {
      namespace,
      pod_name: name,
      pod_phase: 'Running',
      pod_label_app: app,
      pod_annotation_prometheus_io_scrape: 'true',
      pod_annotation_prometheus_io_port: port,
    }
    const labels = Object.fromEntries(Object.entries(discovered).map(([key, value]) => [`__meta_kubernetes_${key}`, value]))
    return { targets: [host], labels }
  })
  writeFileSync(servicesFile(directory), JSON.stringify(groups))
}

export function scrapeConfig({ cluster, node, seenTwice, manifest }: ObservedCluster, addresses: Addresses, directory: string): string {
  const { exporters, nodeExporter, late } = addresses
  const job = (name: string, path: string, address: string, instance?: string) => ({
    job_name: name,
    metrics_path: path,
    static_configs: [{ targets: [address], labels: instance === undefined ? {} : { instance } }],
    relabel_configs: [{ target_label: 'cluster', replacement: cluster }],
  })
  return stringify({
    global: { scrape_interval: `${SCRAPE_SECONDS}s`, scrape_timeout: `${SCRAPE_SECONDS}s` },
    scrape_configs: [
      job('kubernetes-nodes', '/kubelet', exporters, node),
      job('kubernetes-cadvisor', '/cadvisor', exporters, node),
      job('kube-state-metrics', '/state', exporters),
      job('node-exporter', '/metrics', nodeExporter, node),
      job('node-exporter-of-an-image', '/file-systems', exporters, node),
      podsJob(manifest, cluster, directory),
      ...(seenTwice
        ? [
            { ...job('late', '/', late), scrape_interval: '5s' },
            job('kubernetes-service-endpoints', '/metrics', nodeExporter, node),
            job('cadvisor-of-another-agent', '/cadvisor', exporters, node),
            job('cadvisor-of-the-node-left', '/cadvisor-left', exporters, 'left-node'),
            job('kubelet-of-the-node-left', '/kubelet', exporters, 'left-node'),
            job('kube-state-metrics-late', '/state-late', exporters),
          ]
        : []),
    ],
  })
}

type Job = { readonly job_name: string; readonly relabel_configs: readonly Readonly<Record<string, unknown>>[] }

/** The job `kubernetes-pods` of the manifest: its rules as they are, but for the name of the cluster, over pods from a file. */
function podsJob(manifest: string, cluster: string, directory: string): object {
  const documents = parseAllDocuments(readFileSync(join(root, manifest), 'utf8')).map((document): unknown => document.toJS())
  const text = documents.flatMap((one) => (isConfigMap(one) ? [one.data['clymene.yml']] : [])).join('')
  const { scrape_configs: jobs }: { scrape_configs: readonly Job[] } = parse(text)
  const found = jobs.find(({ job_name: name }) => name === 'kubernetes-pods')
  if (found === undefined) throw new Error(`${manifest} has no job kubernetes-pods`)
  return {
    job_name: found.job_name,
    file_sd_configs: [{ files: [servicesFile(directory)], refresh_interval: '1s' }],
    relabel_configs: found.relabel_configs.map((rule) => (rule['target_label'] === 'cluster' ? { ...rule, replacement: cluster } : rule)),
  }
}

const isConfigMap = (object: unknown): object is { readonly data: { readonly 'clymene.yml': string } } =>
  typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'ConfigMap'

/** What a log agent is told: the pods' files, and what services of ours wrote. */
export function logConfig({ cluster, node, pods }: ObservedCluster, services: readonly LoggedService[], directory: string): string {
  const files = (labels: Readonly<Record<string, string>>, path: string) => ({
    targets: ['localhost'],
    labels: { ...labels, __path__: path },
  })
  const relabel_configs = [{ target_label: 'cluster', replacement: cluster }]
  return stringify({
    positions: { filename: join(directory, 'positions.yaml') },
    scrape_configs: [
      {
        job_name: 'kubernetes-pods',
        pipeline_stages: [{ cri: {} }, { drop: { expression: '^noise' } }],
        relabel_configs,
        static_configs: pods.map(({ namespace, name, container }) =>
          files(
            { node_name: node, namespace, pod: name, container, app: container, job: `${namespace}/${container}` },
            join(directory, 'pods', name, '*.log'),
          ),
        ),
      },
      {
        job_name: 'services',
        relabel_configs,
        static_configs: services.map(({ namespace, name, app, log }) =>
          files({ node_name: node, namespace, pod: name, container: app, app, job: `${namespace}/${app}` }, log),
        ),
      },
    ],
  })
}

export type LoggedService = Omit<ServicePod, 'url'> & { readonly log: string }

/** The files that a log agent follows. One line each is noise, and one of the last pod is older than a store takes. */
export function writeLogs({ cluster, pods }: ObservedCluster, directory: string): void {
  const stamp = (time: number): string => new Date(time).toISOString().replace('Z', '000000Z')
  const now = Date.now()
  for (const [at, { name }] of pods.entries()) {
    mkdirSync(join(directory, 'pods', name), { recursive: true })
    const lines = [
      ...(at === pods.length - 1 ? [`${stamp(now - THREE_DAYS_MS)} stdout F ${cluster} ${name} of long ago`] : []),
      `${stamp(now - 2000)} stdout F ${cluster} ${name} line 1`,
      `${stamp(now - 1500)} stdout F noise`,
      `${stamp(now - 1000)} stderr F ${cluster} ${name} error: 2`,
    ]
    writeFileSync(join(directory, 'pods', name, '0.log'), lines.map((line) => `${line}\n`).join(''))
  }
}

export const THREE_DAYS_MS = 3 * 24 * 3_600_000

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseAllDocuments } from 'yaml'

import type { KubernetesObject } from './objects.ts'

export const root = join(import.meta.dirname, '../..')

/** An object of a manifest and the file it stands in. */
export type Manifest = { readonly file: string; readonly object: KubernetesObject }

/** Files of one cluster by path, with their text. */
export type Files = ReadonlyMap<string, string>

/** What somebody creates in the main cluster, in the guide's order: the namespaces, what is observed and where it goes, metrics 3, 4, 1, 2, logs 2, 3, 1. */
export const MAIN_ORDER: readonly string[] = [
  '0.namespaces.yaml',
  'storage/prometheus/prometheus.yaml',
  'clymene-metrics/node-exporter.yaml',
  'clymene-metrics/kube-state-metrics.yaml',
  'clymene-metrics/metrics-server.yaml',
  'clymene-metrics/3.clymene_gateway.yaml',
  'clymene-metrics/4.clymene_ingester.yaml',
  'clymene-metrics/1.clymene_rbac.yaml',
  'clymene-metrics/2.clymene_agent.yaml',
  'storage/loki/loki.yaml',
  'clymene-logs/2.clymene-promtail_gateway.yaml',
  'clymene-logs/3.clymene-promtail_ingester.yaml',
  'clymene-logs/1.clymene-promtail_agent.yaml',
].map((file) => `k8s/${file}`)

/** The same in an observed cluster. */
export const TARGET_ORDER: readonly string[] = [
  '0.namespaces.yaml',
  'node-exporter.yaml',
  'kube-state-metrics.yaml',
  '1.clymene_rbac.yaml',
  '2.clymene_agent.yaml',
  '1.clymene-promtail_agent.yaml',
].map((file) => `k8s/target-cluster/${file}`)

/** What a cluster may have beside that; the guide does not create it. */
export const BESIDE: readonly string[] = ['k8s/clymene-logs/4.clymene-events.yaml']
export const TARGET_BESIDE: readonly string[] = ['k8s/target-cluster/3.clymene-events.yaml']

/** Pods of an application, to be taken as a pattern; each is for a cluster of its own choice. */
export const EXAMPLES: readonly string[] = ['sidecar-agent.yaml', 'sidecar-streaming.yaml'].map((file) => `k8s/examples/${file}`)

/** What is created as it stands: components and overlays are rendered, the chart is a template, and what else is stored has checks of its own. */
export const manifestFiles = (): readonly string[] =>
  globSync(['k8s/*.yaml', 'k8s/{clymene-metrics,clymene-logs,target-cluster,examples}/*.yaml', 'k8s/storage/{prometheus,loki}/*.yaml'], {
    cwd: root,
    exclude: ['**/kustomization.yaml'],
  }).toSorted()

export const readFiles = (order: readonly string[]): Files => new Map(order.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** @throws Error that names the file when it is no YAML, or has a document without a kind. */
export function parseFiles(files: Files): readonly Manifest[] {
  return [...files].flatMap(([file, text]) =>
    parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.map(({ message }) => message).join('; ')}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server checks the shape of every field
      const object = document.toJS() as KubernetesObject
      if (typeof object?.kind !== 'string') throw new Error(`${file}: a document without a kind`)
      return { file, object }
    }),
  )
}

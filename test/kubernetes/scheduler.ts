import { setTimeout as sleep } from 'node:timers/promises'

import { type Api, ApiError, podPath } from './api.ts'
import type { Node, Pod, Taint, Toleration } from './objects.ts'

/**
 * Binds pods to nodes: the node that a DaemonSet's pod names, else of those that the pod selects and tolerates the one
 * with the fewest pods. Resources, priorities and spreading do not count.
 */
export async function schedule(api: Api, signal: AbortSignal): Promise<void> {
  let nodes: readonly Node[] = []
  let pods: ReadonlyMap<string, Pod> = new Map()
  // By uid: what the watch does not tell yet.
  const bound = new Map<string, string>()

  const bindAll = async (): Promise<void> => {
    for (const pod of pods.values()) {
      const { uid, name, namespace = '' } = pod.metadata
      if (pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined || bound.has(uid)) continue
      const node = nodeFor(pod, nodes, (candidate) => countOn(candidate))
      if (node === undefined) continue
      bound.set(uid, node)
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: node } }
      await api.send('POST', `${podPath(namespace, name)}/binding`, binding).catch((error: unknown) => {
        if (!(error instanceof ApiError)) bound.delete(uid)
      })
    }
  }
  const countOn = (node: string): number =>
    [...pods.values()].filter(({ spec, metadata }) => (spec.nodeName ?? bound.get(metadata.uid)) === node).length

  const binding = async (): Promise<void> => {
    while (!signal.aborted) {
      await bindAll()
      await sleep(100)
    }
  }
  await Promise.all([
    binding(),
    api.follow<Node>('/api/v1/nodes', (all) => (nodes = [...all.values()]), signal),
    api.follow<Pod>('/api/v1/pods', (all) => (pods = all), signal),
  ])
}

function nodeFor(pod: Pod, nodes: readonly Node[], countOn: (node: string) => number): string | undefined {
  const named = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
    .flatMap(({ matchFields = [] }) => matchFields)
    .find(({ key }) => key === 'metadata.name')?.values[0]
  const possible = nodes.filter(
    ({ metadata, spec }) =>
      (named === undefined || metadata.name === named) &&
      Object.entries(pod.spec.nodeSelector ?? {}).every(([label, value]) => metadata.labels?.[label] === value) &&
      (spec.taints ?? []).every(
        (taint) => taint.effect === 'PreferNoSchedule' || (pod.spec.tolerations ?? []).some((one) => tolerates(one, taint)),
      ),
  )
  return possible.map(({ metadata }) => metadata.name).toSorted((a, b) => countOn(a) - countOn(b))[0]
}

const tolerates = ({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean =>
  (effect === undefined || effect === taint.effect) &&
  (operator === 'Exists' ? key === undefined || key === taint.key : key === taint.key && value === (taint.value ?? ''))

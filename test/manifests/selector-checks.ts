import type { Manifest } from './manifest-files.ts'
import type { Text } from './objects.ts'
import { idOf, ofKind, type Pod, pods } from './pods.ts'

type Labels = { readonly matchLabels?: Text }
type Port = { readonly port: number }
type Peer = { readonly podSelector?: Labels; readonly namespaceSelector?: Labels; readonly ipBlock?: unknown }
type Selecting = {
  readonly selector?: Labels
  readonly scaleTargetRef?: { readonly kind: string; readonly name: string }
  readonly podSelector?: Labels
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[]
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[]
}

/** The label of pods that no manifest has: runbooks start them to look what is wrong. */
const STARTED_BY_HAND = 'clymene-look'
const isStartedByHand = ({ matchLabels = {} }: Labels = {}): boolean => matchLabels['app'] === STARTED_BY_HAND

/** Budgets, autoscalers, network policies and spreads that are for nobody, or for a port that nobody has: Kubernetes takes them, and they do nothing. */
export function selecting(manifests: readonly Manifest[]): readonly string[] {
  const all = pods(manifests)
  return [
    ...ofKind(manifests, 'PodDisruptionBudget').flatMap((one) =>
      podsOf(all, one, specOf(one).selector).length > 0 ? [] : [`${idOf(one)} selects no pod`],
    ),
    ...ofKind(manifests, 'HorizontalPodAutoscaler').flatMap((one) => scaled(manifests, one)),
    ...ofKind(manifests, 'NetworkPolicy').flatMap((one) => allowed(all, one)),
    ...all.flatMap(spread),
  ]
}

/** The API server checks the shape of every field; what is named alike elsewhere has another one there. */
const specOf = ({ object }: Manifest): Selecting => {
  const spec: unknown = object.spec ?? {}
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return spec as Selecting
}

const isSelected = ({ template }: Pod, { matchLabels = {} }: Labels = {}): boolean =>
  Object.entries(matchLabels).every(([label, value]) => template.metadata.labels[label] === value)

const podsOf = (all: readonly Pod[], { object }: Manifest, selector: Labels | undefined): readonly Pod[] =>
  all.filter((pod) => pod.manifest.object.metadata.namespace === object.metadata.namespace && isSelected(pod, selector))

function scaled(manifests: readonly Manifest[], one: Manifest): readonly string[] {
  const { kind, name } = specOf(one).scaleTargetRef ?? {}
  const target = manifests.find(({ object }) => object.kind === kind && object.metadata.name === name)
  if (target === undefined) return [`${idOf(one)} scales nothing`]
  return target.object.spec?.replicas === undefined ? [] : [`${idOf(target)} says how many replicas, and so does its autoscaler`]
}

function allowed(all: readonly Pod[], one: Manifest): readonly string[] {
  const { podSelector, ingress = [], egress = [] } = specOf(one)
  const selected = podsOf(all, one, podSelector)
  const closed = ingress.flatMap(({ ports = [] }) => ports.filter(({ port }) => !selected.some((pod) => isOpen(pod, port))))
  const peers = [
    ...ingress.map(({ from = [] }) => ({ peers: from, ports: [] })),
    ...egress.map(({ to = [], ports = [] }) => ({ peers: to, ports })),
  ]
  return [
    ...(selected.length > 0 || isStartedByHand(podSelector) ? [] : [`${idOf(one)} selects no pod`]),
    ...closed.map(({ port }) => `${idOf(one)}: none of its pods has port ${port}`),
    ...peers.flatMap(({ peers: several, ports }) =>
      several.flatMap(({ podSelector: labels, namespaceSelector: place }) => {
        if (labels === undefined || isStartedByHand(labels)) return []
        const namespace = place?.matchLabels?.['kubernetes.io/metadata.name'] ?? one.object.metadata.namespace
        const found = all.filter((pod) => pod.manifest.object.metadata.namespace === namespace && isSelected(pod, labels))
        if (found.length === 0) return [`${idOf(one)}: no pod is ${JSON.stringify(labels.matchLabels)}`]
        return ports
          .filter(({ port }) => !found.some((pod) => isOpen(pod, port)))
          .map(({ port }) => `${idOf(one)}: port ${port} leads nowhere`)
      }),
    ),
  ]
}

const isOpen = ({ template }: Pod, port: number): boolean =>
  template.spec.containers.some(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port))

const spread = (pod: Pod): readonly string[] =>
  (pod.template.spec.topologySpreadConstraints ?? [])
    .filter(({ labelSelector }) => !isSelected(pod, labelSelector))
    .map(({ topologyKey }) => `${pod.name}: over ${topologyKey} others are spread`)

import type { KubernetesObject, Node, Pod } from '../objects.ts'

/** What kube-state-metrics reads; each is the path of a list. */
export const KUBE_STATE_LISTS = {
  nodes: '/api/v1/nodes',
  namespaces: '/api/v1/namespaces',
  pods: '/api/v1/pods',
  services: '/api/v1/services',
  configmaps: '/api/v1/configmaps',
  persistentvolumeclaims: '/api/v1/persistentvolumeclaims',
  persistentvolumes: '/api/v1/persistentvolumes',
  deployments: '/apis/apps/v1/deployments',
  replicasets: '/apis/apps/v1/replicasets',
  daemonsets: '/apis/apps/v1/daemonsets',
  statefulsets: '/apis/apps/v1/statefulsets',
} as const

/** An object whose numbers a metric is made of. */
export type Counted = KubernetesObject & { readonly spec?: Tree; readonly status?: Tree }
export type Tree = { readonly [key: string]: unknown }

export type KubeStateLists = Readonly<Record<Exclude<keyof typeof KUBE_STATE_LISTS, 'nodes' | 'pods'>, readonly Counted[]>> & {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
}

/** Of a time as the API has it: seconds since 1970. */
export const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000)

import { readEndpointSlice, type EndpointSlice } from './endpoint-slice.ts'
import { readEndpoints, type Endpoints } from './endpoints.ts'
import { readIngress, type Ingress } from './ingress.ts'
import type { Json } from './json.ts'
import { readNamespace, type Namespace } from './namespace.ts'
import { readNode, type Node } from './node.ts'
import { readPod, type Pod } from './pod.ts'
import { readService, type Service } from './service.ts'
import { readWorkload, type Workload } from './workload.ts'

/** An object of the cluster, slimmed to what labels are made of. */
export type KubernetesObject =
  | Node
  | Pod
  | Service
  | Endpoints
  | EndpointSlice
  | Ingress
  | Namespace
  | Workload<'replicasets'>
  | Workload<'jobs'>

/** Resources as the API names them. */
export type Resource = KubernetesObject['kind']

export type ResourceKind = {
  readonly apiGroup: '' | 'discovery.k8s.io' | 'networking.k8s.io' | 'apps' | 'batch'
  readonly isNamespaced: boolean
  readonly read: (object: Json) => KubernetesObject
}

export const RESOURCES: Readonly<Record<Resource, ResourceKind>> = {
  nodes: { apiGroup: '', isNamespaced: false, read: readNode },
  pods: { apiGroup: '', isNamespaced: true, read: readPod },
  services: { apiGroup: '', isNamespaced: true, read: readService },
  endpoints: { apiGroup: '', isNamespaced: true, read: readEndpoints },
  endpointslices: { apiGroup: 'discovery.k8s.io', isNamespaced: true, read: readEndpointSlice },
  ingresses: { apiGroup: 'networking.k8s.io', isNamespaced: true, read: readIngress },
  namespaces: { apiGroup: '', isNamespaced: false, read: readNamespace },
  replicasets: { apiGroup: 'apps', isNamespaced: true, read: readWorkload('replicasets') },
  jobs: { apiGroup: 'batch', isNamespaced: true, read: readWorkload('jobs') },
}

/** @param namespace '' is all of them. */
export function resourcePath(resource: Resource, namespace: string): string {
  const { apiGroup } = RESOURCES[resource]
  const group = apiGroup === '' ? '/api/v1' : `/apis/${apiGroup}/v1`
  return `${group}${namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${resource}`
}

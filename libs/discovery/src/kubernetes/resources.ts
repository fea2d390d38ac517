import { readEndpointSlice, type EndpointSlice } from './endpoint-slice.ts'
import { readEndpoints, type Endpoints } from './endpoints.ts'
import type { Json } from './json.ts'
import { readNode, type Node } from './node.ts'
import { readPod, type Pod } from './pod.ts'
import { readService, type Service } from './service.ts'

/** An object of the cluster, slimmed to what labels are made of. */
export type KubernetesObject = Node | Pod | Service | Endpoints | EndpointSlice

/** Resources as the API names them. */
export type Resource = KubernetesObject['kind']

export type ResourceKind = {
  readonly apiGroup: '' | 'discovery.k8s.io'
  readonly isNamespaced: boolean
  readonly read: (object: Json) => KubernetesObject
}

export const RESOURCES: Readonly<Record<Resource, ResourceKind>> = {
  nodes: { apiGroup: '', isNamespaced: false, read: readNode },
  pods: { apiGroup: '', isNamespaced: true, read: readPod },
  services: { apiGroup: '', isNamespaced: true, read: readService },
  endpoints: { apiGroup: '', isNamespaced: true, read: readEndpoints },
  endpointslices: { apiGroup: 'discovery.k8s.io', isNamespaced: true, read: readEndpointSlice },
}

/** @param namespace '' is all of them. */
export function resourcePath(resource: Resource, namespace: string): string {
  const { apiGroup } = RESOURCES[resource]
  const group = apiGroup === '' ? '/api/v1' : `/apis/${apiGroup}/v1`
  return `${group}${namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`}/${resource}`
}

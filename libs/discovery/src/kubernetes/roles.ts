import { endpointSliceGroup } from './endpoint-slice-group.ts'
import { endpointsGroup } from './endpoints-group.ts'
import type { GroupMade, Lookup } from './lookup.ts'
import { nodeGroup } from './node-group.ts'
import { podGroup } from './pod-group.ts'
import type { KubernetesObject, Resource } from './resources.ts'
import { serviceGroup } from './service-group.ts'

export const ROLES = ['node', 'pod', 'service', 'endpoints', 'endpointslice'] as const
export type Role = (typeof ROLES)[number]

/** What a role makes groups of, and what it looks up beside. */
export const RESOURCE_OF: Readonly<Record<Role, Resource>> = {
  node: 'nodes',
  pod: 'pods',
  service: 'services',
  endpoints: 'endpoints',
  endpointslice: 'endpointslices',
}

/** Roles whose objects a role watches; these can be selected. */
export const WATCHED_BY: Readonly<Record<Role, readonly Role[]>> = {
  node: ['node'],
  pod: ['pod'],
  service: ['service'],
  endpoints: ['pod', 'service', 'endpoints'],
  endpointslice: ['pod', 'service', 'endpointslice'],
}

/** The group that an object is to its own role. */
export function groupOf(object: KubernetesObject, attachNode: boolean, lookup: Lookup): GroupMade {
  switch (object.kind) {
    case 'nodes':
      return { group: nodeGroup(object), uses: [] }
    case 'pods':
      return podGroup(object, attachNode, lookup)
    case 'services':
      return { group: serviceGroup(object), uses: [] }
    case 'endpoints':
      return endpointsGroup(object, attachNode, lookup)
    case 'endpointslices':
      return endpointSliceGroup(object, attachNode, lookup)
    default:
      return object satisfies never
  }
}

/** The name of that group, also when the object is gone. */
export function sourceOf(role: Role, key: string): string {
  return `${role === 'service' ? 'svc' : role}/${key}`
}

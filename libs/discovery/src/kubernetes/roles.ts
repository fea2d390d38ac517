import type { Attach } from './attach.ts'
import { endpointSliceGroup } from './endpoint-slice-group.ts'
import { endpointsGroup } from './endpoints-group.ts'
import { ingressGroup } from './ingress-group.ts'
import type { GroupMade, Lookup } from './lookup.ts'
import { nodeGroup } from './node-group.ts'
import { podGroup } from './pod-group.ts'
import type { KubernetesObject, Resource } from './resources.ts'
import { serviceGroup } from './service-group.ts'

export const ROLES = ['node', 'pod', 'service', 'endpoints', 'endpointslice', 'ingress'] as const
export type Role = (typeof ROLES)[number]

/** What a role makes groups of, and what it looks up beside. */
export const RESOURCE_OF: Readonly<Record<Role, Resource>> = {
  node: 'nodes',
  pod: 'pods',
  service: 'services',
  endpoints: 'endpoints',
  endpointslice: 'endpointslices',
  ingress: 'ingresses',
}

/** Roles whose objects a role watches. */
export const WATCHED_BY: Readonly<Record<Role, readonly Role[]>> = {
  node: ['node'],
  pod: ['pod'],
  service: ['service'],
  endpoints: ['pod', 'service', 'endpoints'],
  endpointslice: ['pod', 'service', 'endpointslice'],
  ingress: ['ingress'],
}

/** Roles that the selectors of a role may name; nodes are watched beside pods when they are attached. */
export const SELECTABLE_BY: Readonly<Record<Role, readonly Role[]>> = { ...WATCHED_BY, pod: ['pod', 'node'] }

/** The group that an object is to its own role. */
export function groupOf(object: KubernetesObject, attach: Attach, lookup: Lookup): GroupMade {
  switch (object.kind) {
    case 'nodes':
      return { group: nodeGroup(object), uses: [] }
    case 'pods':
      return podGroup(object, attach, lookup)
    case 'services':
      return serviceGroup(object, attach, lookup)
    case 'endpoints':
      return endpointsGroup(object, attach, lookup)
    case 'endpointslices':
      return endpointSliceGroup(object, attach, lookup)
    case 'ingresses':
      return ingressGroup(object, attach, lookup)
    case 'namespaces':
    case 'replicasets':
    case 'jobs':
      throw new Error(`no role has ${object.kind}`)
    default:
      return object satisfies never
  }
}

/** The name of that group, also when the object is gone. */
export function sourceOf(role: Role, key: string): string {
  return `${role === 'service' ? 'svc' : role}/${key}`
}

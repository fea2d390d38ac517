import type { TargetGroup } from '@clymene/model'

import { objectKey } from './object-meta.ts'
import type { KubernetesObject, Resource } from './resources.ts'

/** Finds other objects by name while a group is made of one. */
export type Lookup = <R extends Resource>(
  resource: R,
  namespace: string,
  name: string,
) => Extract<KubernetesObject, { kind: R }> | undefined

/** A group, and what else it was made of, there or not: when one of those changes, the group has to be made anew. */
export type GroupMade = { readonly group: TargetGroup; readonly uses: readonly string[] }

export const useOf = (resource: Resource, namespace: string, name: string): string => `${resource} ${objectKey(namespace, name)}`

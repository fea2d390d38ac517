import type { TargetGroup } from '@clymene/model'

import { attachedResources } from './attach.ts'
import type { KubernetesConfig } from './config.ts'
import type { Lookup } from './lookup.ts'
import { objectKey } from './object-meta.ts'
import { RESOURCES, type KubernetesObject, type Resource } from './resources.ts'
import { groupOf, RESOURCE_OF, sourceOf, WATCHED_BY } from './roles.ts'
import { createTurns } from './turns.ts'
import { createUses } from './uses.ts'
import type { KubernetesWatches, Watched } from './watches.ts'

export type WatchedNamespace = {
  /** Whether everything that groups are made of was listed. */
  readonly synced: () => boolean
  /** Whether the server refuses something of it. */
  readonly refused: () => boolean
  readonly hasChanges: () => boolean
  /** The groups that differ from what was taken before; the event loop gets its turn in between. */
  readonly take: () => Promise<readonly TargetGroup[]>
  readonly close: () => void
}

export type WatchedNamespaceOptions = {
  readonly config: KubernetesConfig
  /** '' is all of them. */
  readonly namespace: string
  readonly watches: KubernetesWatches
  /** There may be something to take, or `synced` or `refused` changed. */
  readonly changed: () => void
}

const NO_SELECTOR = { labelSelector: '', fieldSelector: '' }

/** Also a right that can be given for single namespaces. */
const onlyNamespace = (name: string) => (name === '' ? NO_SELECTOR : { labelSelector: '', fieldSelector: `metadata.name=${name}` })

/** The groups of one role in one namespace: knows which to make anew when a service, pod or node behind them changes. */
export function openNamespace({ config, namespace, watches, changed }: WatchedNamespaceOptions): WatchedNamespace {
  const { role, api, selectors, attach } = config
  const primary = RESOURCE_OF[role]
  const dirty = new Set<string>()
  /** Groups that were taken with targets. */
  const told = new Set<string>()
  const uses = createUses()
  let begun = false

  const note = (resource: Resource, keys: readonly string[]): void => {
    // Before everything is there, all of it is to be made.
    if (begun) {
      for (const key of keys) {
        if (resource === primary) dirty.add(key)
        for (const user of uses.usersOf(`${resource} ${key}`)) dirty.add(user)
      }
    }
    changed()
  }
  const resources = [...WATCHED_BY[role].map((one) => RESOURCE_OF[one]), ...attachedResources(role, attach)]
  const watched = new Map<Resource, Watched>(
    resources.map((resource) => {
      const selector = selectors.get(resource) ?? (resource === 'namespaces' ? onlyNamespace(namespace) : NO_SELECTOR)
      const selection = { resource, namespace: RESOURCES[resource].isNamespaced ? namespace : '', ...selector }
      return [resource, watches.open(api, selection, (keys) => note(resource, keys))]
    }),
  )
  const all = [...watched.values()]
  const synced = (): boolean => all.every((one) => one.synced())
  const objectsOf = (resource: Resource): ReadonlyMap<string, KubernetesObject> => watched.get(resource)?.objects() ?? new Map()
  const lookup: Lookup = (resource, inNamespace, name) => {
    const object = objectsOf(resource).get(objectKey(inNamespace, name))
    return isOf(object, resource) ? object : undefined
  }

  const make = (key: string): TargetGroup | undefined => {
    const source = sourceOf(role, key)
    const object = objectsOf(primary).get(key)
    const made = object && groupOf(object, attach, lookup)
    uses.set(key, made?.uses ?? [])
    if (made !== undefined && made.group.targets.length > 0) {
      told.add(source)
      return made.group
    }
    return told.delete(source) ? { source, targets: [], labels: new Map() } : undefined
  }

  return {
    synced,
    refused: () => all.some((one) => one.refused()),
    hasChanges: () => (begun ? dirty.size > 0 : synced()),
    take: async () => {
      if (!begun) {
        if (!synced()) return []
        begun = true
        for (const key of objectsOf(primary).keys()) dirty.add(key)
      }
      const groups: TargetGroup[] = []
      const turn = createTurns()
      const keys = [...dirty]
      dirty.clear()
      for (const key of keys) {
        const group = make(key)
        if (group !== undefined) groups.push(group)
        await turn()
      }
      return groups
    },
    close: () => {
      for (const one of all) one.close()
    },
  }
}

const isOf = <R extends Resource>(object: KubernetesObject | undefined, resource: R): object is Extract<KubernetesObject, { kind: R }> =>
  object?.kind === resource

import { readFileSync } from 'node:fs'

import { isJson, type Json } from './json.ts'
import type { Lookup } from './lookup.ts'
import { objectKey } from './object-meta.ts'
import type { KubernetesObject, Resource } from './resources.ts'

/** An object as a real API server of version 1.36 gave it. */
export function fixture(name: string): Json {
  const value: unknown = JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))
  if (!isJson(value)) throw new Error(`${name} is no object`)
  return value
}

/** Finds among these objects. */
export function lookupIn(...objects: readonly KubernetesObject[]): Lookup {
  const isOf = <R extends Resource>(object: KubernetesObject, resource: R): object is Extract<KubernetesObject, { kind: R }> =>
    object.kind === resource
  return (resource, namespace, name) => {
    for (const object of objects) if (isOf(object, resource) && object.key === objectKey(namespace, name)) return object
    return undefined
  }
}

/** Without the prefix and sorted, to be read in a table. */
export const plain = (labels: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.fromEntries([...labels].map(([name, value]) => [name.replace(/^__meta_kubernetes_/, ''), value]))

import { shown } from '@clymene/model'

import { readMapping } from '../target-groups.ts'
import { readFlag } from './flag-value.ts'

export type Namespaces = {
  /** The namespace of the agent's own pod as well. */
  readonly own: boolean
  /** With none of both it is all namespaces. */
  readonly names: readonly string[]
}

/** RFC 1123 label. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

export function readNamespaces(value: unknown, where: string, mistakes: string[]): Namespaces {
  if (value === undefined || value === null) return { own: false, names: [] }
  const fields = readMapping(value, where, mistakes)
  for (const key of fields.keys()) {
    if (key !== 'own_namespace' && key !== 'names') mistakes.push(`${where}.${key}: unknown key (known: own_namespace, names)`)
  }
  return {
    own: readFlag(fields.get('own_namespace'), `${where}.own_namespace`, mistakes),
    names: readNames(fields.get('names'), `${where}.names`, mistakes),
  }
}

/** A list of namespaces, each once; absent is none. */
export function readNames(value: unknown, where: string, mistakes: string[]): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    mistakes.push(`${where}: expected a list of namespaces, found ${shown(value)}`)
    return []
  }
  const names = value.flatMap((name: unknown, index) => {
    if (typeof name === 'string' && NAMESPACE.test(name)) return [name]
    mistakes.push(`${where}[${index}]: expected the name of a namespace, found ${shown(name)}`)
    return []
  })
  return [...new Set(names)]
}

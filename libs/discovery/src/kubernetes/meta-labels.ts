import type { TextPairs } from './json.ts'
import type { ObjectMeta } from './object-meta.ts'

export const PREFIX = '__meta_kubernetes_'

/** Labels while they are put together. An empty value is no label, so it never gets in. */
export type MetaLabels = Map<string, string>

/** `[name, value]` pairs, names without {@link PREFIX}. */
export function metaLabels(...pairs: readonly (readonly [name: string, value: string | undefined])[]): MetaLabels {
  const labels: MetaLabels = new Map()
  for (const [name, value] of pairs) if (value !== undefined && value !== '') labels.set(PREFIX + name, value)
  return labels
}

/** `<role>_name`, and each label and annotation twice: its value, and that it is there. */
export function addMeta(labels: MetaLabels, role: string, meta: ObjectMeta): void {
  labels.set(`${PREFIX}${role}_name`, meta.name)
  addMetaPairs(labels, role, meta)
}

/** The same without the name. */
export function addMetaPairs(labels: MetaLabels, role: string, { labels: own, annotations }: ObjectMeta): void {
  addPairs(labels, `${role}_label`, own)
  addPairs(labels, `${role}_annotation`, annotations)
}

function addPairs(labels: MetaLabels, what: string, pairs: TextPairs): void {
  for (const [name, value] of pairs) {
    if (value !== '') labels.set(labelName(`${what}_`, name), value)
    labels.set(labelName(`${what}present_`, name), 'true')
  }
}

/** Names are few and come in thousands of objects: each is made and kept once. */
const names = new Map<string, Map<string, string>>()
const MOST_NAMES = 10_000

/** A name with every character that a label name may not have replaced by `_`. */
export function labelName(prefix: string, name: string): string {
  let known = names.get(prefix)
  if (known === undefined) names.set(prefix, (known = new Map<string, string>()))
  const before = known.get(name)
  if (before !== undefined) return before
  const made = `${PREFIX}${prefix}${name.replaceAll(/[^a-zA-Z0-9_]/gu, '_')}`
  if (known.size >= MOST_NAMES) known.clear()
  known.set(name, made)
  return made
}

/** `host:port`, an IPv6 address in brackets. */
export const joinHostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`

export const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'

/** What an alias stands for; anything else as it is. */
export type Follow = (node: unknown) => unknown

/** Without a blank after the colon `{password:secret}` is a key, and its place would tell the secret. */
export const withoutValue = (key: string): string => key.replace(/:.+$/s, ':…')

/** What a node stands for, but numbers as they were written where that is text to Go: a password of `007` or `1.10`. */
export function asWritten(node: unknown, follow: Follow): unknown {
  const found = follow(node)
  if (isMap(found)) return new Map([...pairsOf(found, follow)].map(([key, { value }]) => [key, asWritten(value, follow)]))
  if (isSeq(found)) return found.items.map((item) => asWritten(item, follow))
  if (!isScalar(found)) return null
  return typeof found.value === 'number' ? textOf(found) : found.value
}

/** The pairs of a map by key, those that `<<` merges in among them; its own win. */
export function pairsOf(map: YAMLMap | null, follow: Follow): ReadonlyMap<string, Pair> {
  const own = (map?.items ?? []).map((pair) => [keyOf(pair), pair] as const)
  const merged = own.flatMap(([key, { value }]) => {
    const source = key === '<<' ? follow(value) : undefined
    const maps: readonly unknown[] = isSeq(source) ? source.items.map(follow) : [source]
    return maps.flatMap((one) => (isMap(one) ? [...pairsOf(one, follow)] : []))
  })
  // Of several maps that are merged the first wins, as in YAML's own description.
  return new Map([...merged.toReversed(), ...own.filter(([key]) => key !== '<<')])
}

export const keyOf = (pair: Pair): string => (isScalar(pair.key) ? textOf(pair.key) : String(pair.key))

/** As it was written: `1e3` and `007` keep their form as label values. */
export const textOf = (node: { readonly value: unknown; readonly source?: string }): string => node.source ?? String(node.value)

/** What a node is, for a mistake: never its text, which may be a secret. */
export function kindOf(node: unknown): string {
  if (isMap(node)) return 'a map'
  if (isSeq(node)) return 'a list'
  return isScalar(node) && node.value !== null ? (typeof node.value === 'string' ? 'text' : `a ${typeof node.value}`) : 'nothing'
}

/** Absent or null, which YAML writers use alike. */
export const isNothing = (node: unknown): boolean => node === null || node === undefined || (isScalar(node) && node.value === null)

export const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'toJS' in value

/** One scalar somewhere below a map: the name of the nearest key, where it stands, what it says, and whether it does without quotes. */
export type PlacedScalar = {
  readonly key: string
  readonly node: Node
  readonly path: string
  readonly text: string
  readonly isPlain: boolean
}

/** Every scalar below a map, in the order of the file. */
export const scalarsOf = (map: YAMLMap | null, path: string, follow: Follow): readonly PlacedScalar[] =>
  [...pairsOf(map, follow)].flatMap(([key, { value }]) => below(value, key, path === '' ? key : `${path}.${key}`, follow))

function below(value: unknown, key: string, path: string, follow: Follow): readonly PlacedScalar[] {
  const node = follow(value)
  if (isMap(node)) return scalarsOf(node, path, follow)
  if (isSeq(node)) return node.items.flatMap((item, index) => below(item, key, `${path}[${index}]`, follow))
  return isScalar(node) && node.value !== null ? [{ key, node, path, text: textOf(node), isPlain: node.type === 'PLAIN' }] : []
}

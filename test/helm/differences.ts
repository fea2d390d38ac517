import { parseAllDocuments } from 'yaml'

/** An object as it is rendered, before an API server saw it. */
export type Rendered = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>
} & Readonly<Record<string, unknown>>

/** What Helm adds by itself, and kustomize does not know. */
const OF_HELM = ['helm.sh/resource-policy']

/** Objects of a stream of YAML documents by kind, namespace and name. @throws Error for YAML that is none, or an object that stands twice. */
export function objectsOf(text: string): ReadonlyMap<string, Rendered> {
  const objects = new Map<string, Rendered>()
  for (const document of parseAllDocuments(text, { uniqueKeys: true })) {
    if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join('; '))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kubernetes' own form; what has no kind is an empty document
    const object = document.toJS() as Rendered | null
    if (object === null) continue
    const id = [object.kind, object.metadata.namespace ?? '', object.metadata.name].filter((part) => part !== '').join(' ')
    if (objects.has(id)) throw new Error(`${id} stands twice`)
    objects.set(id, object)
  }
  return objects
}

/** What differs, a line each: the object, the path in it, what is expected and what is there. Empty when both are the same. */
export function differences(expected: ReadonlyMap<string, Rendered>, actual: ReadonlyMap<string, Rendered>): readonly string[] {
  return [...new Set([...expected.keys(), ...actual.keys()])].toSorted().flatMap((id) => {
    const [wanted, found] = [expected.get(id), actual.get(id)]
    if (wanted === undefined) return [`${id}: not expected`]
    if (found === undefined) return [`${id}: missing`]
    return differencesOf(wanted, found).map((line) => `${id}${line}`)
  })
}

function differencesOf(expected: unknown, actual: unknown, path = ''): readonly string[] {
  const [named, foundNamed] = [byName(expected), byName(actual)]
  if (named !== undefined && foundNamed !== undefined) return differencesOf(named, foundNamed, path)
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const length = Math.max(expected.length, actual.length)
    return Array.from({ length }, (_, index) => differencesOf(expected[index], actual[index], `${path}[${index}]`)).flat()
  }
  if (isRecord(expected) && isRecord(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
    return [...keys].flatMap((key) => differencesOf(expected[key], actual[key], `${path}.${key}`))
  }
  if (Object.is(expected, actual) || isOfHelm(path, expected, actual)) return []
  return [`${path}: ${JSON.stringify(expected)} expected, not ${JSON.stringify(actual)}`]
}

/** Variables, volumes, ports and the like: to the API server such a list is a map by its names, and the order is the merging's. */
function byName(list: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined
  const named = new Map<string, unknown>()
  for (const item of list) {
    const key = isRecord(item) ? (item['mountPath'] ?? item['name']) : undefined
    if (typeof key !== 'string' || named.has(key)) return undefined
    named.set(key, item)
  }
  return Object.fromEntries(named)
}

const isOfHelm = (path: string, expected: unknown, actual: unknown): boolean =>
  expected === undefined &&
  (OF_HELM.some((name) => path === `.metadata.annotations.${name}`) ||
    (path === '.metadata.annotations' && isRecord(actual) && Object.keys(actual).every((name) => OF_HELM.includes(name))))

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

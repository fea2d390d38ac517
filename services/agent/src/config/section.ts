import { ConfigError, errorMessage } from '@clymene/model'
import { parseBytes, parseDuration } from '@clymene/runtime'
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'

import { parseYaml } from './yaml-document.ts'

/**
 * One map of a YAML file, read key by key: each read checks the type, every mistake is collected with file and line, and keys
 * that nobody read are mistakes too.
 */
export type Section = {
  /** `clymene.yml:12: scrape_configs[0]`, or of one of its keys. */
  readonly where: (key?: string) => string
  readonly has: (key: string) => boolean
  readonly string: (key: string, fallback: string) => string
  readonly bool: (key: string, fallback: boolean) => boolean
  readonly int: (key: string, fallback: number) => number
  readonly number: (key: string, fallback: number) => number
  /** Milliseconds. */
  readonly duration: (key: string, fallback: number) => number
  readonly bytes: (key: string, fallback: number) => number
  readonly oneOf: <T extends string>(key: string, allowed: readonly T[], fallback: T) => T
  /** `name: text` pairs; scalars become text as they were written. */
  readonly texts: (key: string) => readonly (readonly [string, string])[]
  /** `name: [text, …]`. */
  readonly textLists: (key: string) => readonly (readonly [string, readonly string[]])[]
  readonly section: (key: string) => Section | undefined
  readonly sections: (key: string) => readonly Section[]
  /** The value as it is, for a parser of another package. It throws ConfigError; its mistakes are added to ours. */
  readonly parsed: <T>(key: string, parse: (value: unknown, where: string) => T, fallback: T) => T
  /** The same for keys that a parser has to see together; absent ones are left out. */
  readonly together: <T>(
    keys: readonly string[],
    parse: (fields: ReadonlyMap<string, unknown>, where: (key: string) => string) => T,
    fallback: T,
  ) => T
  /** Accepts a key without reading it. */
  readonly accept: (...keys: readonly string[]) => void
  readonly mistake: (key: string | undefined, message: string) => void
  readonly keys: () => readonly string[]
  /** The whole map as text: differs when the configuration does. */
  readonly fingerprint: () => string
  /** Reports what was never read. Call it last. */
  readonly finish: (reasonOf?: (key: string) => string | undefined) => void
}

/** Reads a file's text. @throws ConfigError when it is no YAML map at all. */
export function openYaml(text: string, fileName: string, mistakes: string[]): Section {
  const { document, lineOf } = parseYaml(text, fileName)
  const { contents } = document
  if (contents !== null && !isMap(contents)) throw new ConfigError(`${fileName}:1: expected a map at the top level`)
  return sectionOf(contents, '', {
    fileName,
    mistakes,
    lineOf: (node) => lineOf(node?.range?.[0] ?? 0),
    toJs: (node) => node.toJS(document),
    follow: (node) => (isAlias(node) ? node.resolve(document) : node),
  })
}

type Context = {
  readonly fileName: string
  readonly mistakes: string[]
  readonly lineOf: (node: Node | null | undefined) => number
  readonly toJs: (node: Node) => unknown
  /** What an alias stands for; anything else as it is. */
  readonly follow: (node: unknown) => unknown
}

function sectionOf(map: YAMLMap | null, path: string, context: Context): Section {
  const { fileName, mistakes, lineOf, toJs, follow } = context
  const read = new Set<string>()
  const pairs = pairsOf(map, follow)
  const nameOf = (key: string): string => (path === '' ? withoutValue(key) : `${path}.${withoutValue(key)}`)
  const where = (key?: string): string => {
    const node = key === undefined ? map : pairs.get(key)?.key
    return `${fileName}:${lineOf(isNode(node) ? node : map)}: ${key === undefined ? path : nameOf(key)}`
  }
  const mistake = (key: string | undefined, message: string): void => void mistakes.push(`${where(key)}: ${message}`)
  /** The node of a key; undefined when it is absent or null, which YAML writers use alike. */
  const take = (key: string): Node | undefined => {
    read.add(key)
    const value = follow(pairs.get(key)?.value)
    return isNode(value) && !(isScalar(value) && value.value === null) ? value : undefined
  }
  const scalar = <T>(key: string, fallback: T, expected: string, parse: (text: string, value: unknown) => T): T => {
    const node = take(key)
    if (node === undefined) return fallback
    const text = isScalar(node) ? textOf(node) : undefined
    try {
      if (text === undefined || !isScalar(node)) throw new Error(`expected ${expected}`)
      return parse(text, node.value)
    } catch (error) {
      mistake(key, `${text === undefined ? '' : `found ${JSON.stringify(text)}, `}${errorMessage(error)}`)
      return fallback
    }
  }
  const entriesOf = (key: string): readonly Pair[] => {
    const node = take(key)
    if (node === undefined) return []
    if (isMap(node)) return [...pairsOf(node, follow).values()]
    mistake(key, 'expected a map')
    return []
  }
  const textsOf = (key: string, value: unknown): string | undefined => {
    const node = follow(value)
    if (node === null || (isScalar(node) && node.value === null)) return ''
    if (isScalar(node)) return textOf(node)
    mistake(key, 'expected text')
    return undefined
  }

  const refused = <T>(error: unknown, fallback: T): T => {
    if (!(error instanceof ConfigError)) throw error
    mistakes.push(...error.mistakes)
    return fallback
  }

  return {
    where,
    mistake,
    has: (key) => pairs.has(key),
    keys: () => [...pairs.keys()],
    fingerprint: () => JSON.stringify(map === null ? null : toJs(map)),
    accept: (...keys) => {
      for (const key of keys) read.add(key)
    },
    string: (key, fallback) => scalar(key, fallback, 'text', (text) => text),
    bool: (key, fallback) =>
      scalar(key, fallback, 'true or false', (_text, value) => {
        if (typeof value !== 'boolean') throw new Error('expected true or false')
        return value
      }),
    int: (key, fallback) =>
      scalar(key, fallback, 'a whole number', (_text, value) => {
        if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error('expected a whole number of at least 0')
        return value
      }),
    number: (key, fallback) =>
      scalar(key, fallback, 'a number', (_text, value) => {
        if (typeof value !== 'number' || !(value >= 0)) throw new Error('expected a number of at least 0')
        return value
      }),
    duration: (key, fallback) => scalar(key, fallback, 'a duration', parseDuration),
    bytes: (key, fallback) => scalar(key, fallback, 'a size', parseBytes),
    oneOf: (key, allowed, fallback) =>
      scalar(key, fallback, `one of ${allowed.join(', ')}`, (text) => {
        const match = allowed.find((one) => one === text)
        if (match === undefined) throw new Error(`expected one of ${allowed.join(', ')}`)
        return match
      }),
    texts: (key) =>
      entriesOf(key).flatMap((pair) => {
        const text = textsOf(key, pair.value)
        return text === undefined ? [] : [[keyOf(pair), text] as const]
      }),
    textLists: (key) =>
      entriesOf(key).flatMap((pair) => {
        const value = follow(pair.value)
        const items: readonly unknown[] = isSeq(value) ? value.items : [value]
        return [[keyOf(pair), items.flatMap((item) => textsOf(key, item) ?? [])] as const]
      }),
    section: (key) => {
      const node = take(key)
      if (node === undefined) return undefined
      if (isMap(node)) return sectionOf(node, nameOf(key), context)
      mistake(key, 'expected a map')
      return undefined
    },
    sections: (key) => {
      const node = take(key)
      if (node === undefined) return []
      const items = isSeq(node) ? node.items : undefined
      if (items === undefined) mistake(key, 'expected a list')
      return (items ?? []).flatMap((entry, index) => {
        const item = follow(entry)
        if (isMap(item)) return [sectionOf(item, `${nameOf(key)}[${index}]`, context)]
        mistake(key, `expected a map at [${index}]`)
        return []
      })
    },
    parsed: (key, parse, fallback) => {
      const node = take(key)
      if (node === undefined) return fallback
      try {
        return parse(toJs(node), where(key))
      } catch (error) {
        return refused(error, fallback)
      }
    },
    together: (keys, parse, fallback) => {
      const fields = keys.flatMap((key) => {
        const node = take(key)
        return node === undefined ? [] : [[key, asWritten(node, follow)] as const]
      })
      try {
        return parse(new Map(fields), where)
      } catch (error) {
        return refused(error, fallback)
      }
    },
    finish: (reasonOf) => {
      for (const key of pairs.keys()) if (!read.has(key)) mistake(key, reasonOf?.(key) ?? 'unknown key')
    },
  }
}

/** Without a blank after the colon `{password:secret}` is a key, and its place would tell the secret. */
const withoutValue = (key: string): string => key.replace(/:.+$/s, ':…')

/** What a node stands for, but numbers as they were written where that is text to Go: a password of `007` or `1.10`. */
function asWritten(node: unknown, follow: Context['follow']): unknown {
  const found = follow(node)
  if (isMap(found)) return new Map([...pairsOf(found, follow)].map(([key, { value }]) => [key, asWritten(value, follow)]))
  if (isSeq(found)) return found.items.map((item) => asWritten(item, follow))
  if (!isScalar(found)) return null
  return typeof found.value === 'number' ? textOf(found) : found.value
}

/** The pairs of a map by key, those that `<<` merges in among them; its own win. */
function pairsOf(map: YAMLMap | null, follow: Context['follow']): ReadonlyMap<string, Pair> {
  const own = (map?.items ?? []).map((pair) => [keyOf(pair), pair] as const)
  const merged = own.flatMap(([key, { value }]) => {
    const source = key === '<<' ? follow(value) : undefined
    const maps: readonly unknown[] = isSeq(source) ? source.items.map(follow) : [source]
    return maps.flatMap((one) => (isMap(one) ? [...pairsOf(one, follow)] : []))
  })
  // Of several maps that are merged the first wins, as in YAML's own description.
  return new Map([...merged.toReversed(), ...own.filter(([key]) => key !== '<<')])
}

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? textOf(pair.key) : String(pair.key))

/** As it was written: `1e3` and `007` keep their form as label values. */
const textOf = (node: { readonly value: unknown; readonly source?: string }): string => node.source ?? String(node.value)

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'toJS' in value

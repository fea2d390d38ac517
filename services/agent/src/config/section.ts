import { ConfigError, errorMessage } from '@clymene/model'
import { parseBytes, parseDuration } from '@clymene/runtime'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml'

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
  /** Accepts a key without reading it. */
  readonly accept: (...keys: readonly string[]) => void
  readonly mistake: (key: string | undefined, message: string) => void
  readonly keys: () => readonly string[]
  /** The whole map as text: differs when the configuration does. */
  readonly fingerprint: () => string
  /** Reports what was never read. Call it last. */
  readonly finish: (reasonOf?: (key: string) => string | undefined) => void
}

/** Parses a file's text. @throws ConfigError when it is no YAML map at all. */
export function openYaml(text: string, fileName: string, mistakes: string[]): Section {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ message, linePos }) => `${fileName}:${linePos?.[0].line ?? 1}: ${message.split('\n')[0] ?? ''}`),
    )
  }
  const { contents } = document
  if (contents !== null && !isMap(contents)) throw new ConfigError(`${fileName}:1: expected a map at the top level`)
  const lineOf = (node: unknown): number => {
    const start = typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? Number(node.range[0]) : 0
    return lines.linePos(start).line
  }
  const context: Context = { fileName, mistakes, lineOf, toJs: (node) => node.toJS(document) }
  return sectionOf(contents, '', context)
}

type Context = {
  readonly fileName: string
  readonly mistakes: string[]
  readonly lineOf: (node: unknown) => number
  readonly toJs: (node: Node) => unknown
}

function sectionOf(map: YAMLMap | null, path: string, context: Context): Section {
  const { fileName, mistakes, lineOf, toJs } = context
  const read = new Set<string>()
  const pairs = new Map((map?.items ?? []).map((pair) => [keyOf(pair), pair]))
  const nameOf = (key: string): string => (path === '' ? key : `${path}.${key}`)
  const where = (key?: string): string => {
    const node = key === undefined ? map : (pairs.get(key)?.key ?? map)
    return `${fileName}:${lineOf(node)}: ${key === undefined ? path : nameOf(key)}`
  }
  const mistake = (key: string | undefined, message: string): void => void mistakes.push(`${where(key)}: ${message}`)
  /** The node of a key; undefined when it is absent or null, which YAML writers use alike. */
  const take = (key: string): Node | undefined => {
    read.add(key)
    const value = pairs.get(key)?.value
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
    if (node === undefined || isMap(node)) return node === undefined ? [] : node.items
    mistake(key, 'expected a map')
    return []
  }
  const textsOf = (key: string, node: unknown): string | undefined => {
    if (isScalar(node)) return textOf(node)
    mistake(key, 'expected text')
    return undefined
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
        const text = pair.value === null ? '' : textsOf(key, pair.value)
        return text === undefined ? [] : [[keyOf(pair), text] as const]
      }),
    textLists: (key) =>
      entriesOf(key).flatMap((pair) => {
        const items: readonly unknown[] = isSeq(pair.value) ? pair.value.items : [pair.value]
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
      return (items ?? []).flatMap((item, index) => {
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
        if (!(error instanceof ConfigError)) throw error
        mistakes.push(...error.mistakes)
        return fallback
      }
    },
    finish: (reasonOf) => {
      for (const key of pairs.keys()) if (!read.has(key)) mistake(key, reasonOf?.(key) ?? 'unknown key')
    },
  }
}

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? textOf(pair.key) : String(pair.key))

/** As it was written: `1e3` and `007` keep their form as label values. */
const textOf = (node: { readonly value: unknown; readonly source?: string }): string => node.source ?? String(node.value)

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'toJS' in value

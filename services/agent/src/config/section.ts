import { booleanOf, ConfigError, errorMessage } from '@clymene/model'
import { parseDuration } from '@clymene/runtime'
import { isAlias, isMap, isScalar, isSeq, Pair, Scalar, YAMLMap, type Node } from 'yaml'

import { leadingZero } from './leading-zero.ts'
import { nodeBelow } from './place-below.ts'
import { unknownKey } from './unknown-key.ts'
import { parseYaml } from './yaml-document.ts'
import { asWritten, isNode, isNothing, keyOf, kindOf, pairsOf, scalarsOf, textOf, withoutValue, type Follow } from './yaml-nodes.ts'

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
  /** Milliseconds. */
  readonly duration: (key: string, fallback: number) => number
  /** A scalar by a parser of its text, which throws an Error that says what was expected. */
  readonly scalar: <T>(key: string, fallback: T, expected: string, parse: (text: string) => T) => T
  readonly oneOf: <T extends string>(key: string, allowed: readonly T[], fallback: T) => T
  /** `[text, …]`; undefined when it is absent or no list. */
  readonly list: (key: string) => readonly string[] | undefined
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
  /** The same with the place in front already. */
  readonly refuse: (mistake: string) => void
  readonly keys: () => readonly string[]
  /** Every scalar below, however deep, with the place of each in front of its name. */
  readonly scalars: () => readonly { readonly key: string; readonly where: string; readonly text: string; readonly isPlain: boolean }[]
  /** The whole map as text: differs when the configuration does. */
  readonly fingerprint: () => string
  /** Reports what was never read. Call it last. */
  readonly finish: (reasonOf?: (key: string) => string | undefined) => void
}

/**
 * Reads a file's text.
 *
 * @param listKey a file that is a list is read as a map that has it under this key; left out, it has to be a map.
 * @throws ConfigError when it is no YAML map at all.
 */
export function openYaml(text: string, fileName: string, mistakes: string[], listKey?: string): Section {
  const { document, lineOf } = parseYaml(text, fileName)
  const contents = listKey !== undefined && isSeq(document.contents) ? mapWith(listKey, document.contents) : document.contents
  if (contents !== null && !isMap(contents)) throw new ConfigError(`${fileName}:1: expected a map at the top level`)
  return sectionOf(contents, '', {
    fileName,
    mistakes,
    lineOf: (node) => lineOf(node?.range?.[0] ?? 0),
    toJs: (node) => node.toJS(document),
    follow: (node) => (isAlias(node) ? node.resolve(document) : node),
  })
}

function mapWith(key: string, value: Node): YAMLMap {
  const map = new YAMLMap()
  map.items.push(new Pair(new Scalar(key), value))
  return map
}

type Context = {
  readonly fileName: string
  readonly mistakes: string[]
  readonly lineOf: (node: Node | null | undefined) => number
  readonly toJs: (node: Node) => unknown
  readonly follow: Follow
}

function sectionOf(map: YAMLMap | null, path: string, context: Context): Section {
  const { fileName, mistakes, lineOf, toJs, follow } = context
  const read = new Set<string>()
  const pairs = pairsOf(map, follow)
  const nameOf = (key: string): string => (path === '' ? withoutValue(key) : `${path}.${withoutValue(key)}`)
  const placeOf = (node: unknown, name: string): string => `${fileName}:${lineOf(isNode(node) ? node : map)}: ${name}`
  const where = (key?: string): string => (key === undefined ? placeOf(map, path) : placeOf(pairs.get(key)?.key, nameOf(key)))
  const mistake = (key: string | undefined, message: string): void => void mistakes.push(`${where(key)}: ${message}`)
  const mistakeAt = (node: unknown, name: string, message: string): void => void mistakes.push(`${placeOf(node, name)}: ${message}`)
  /** The node of a key; undefined when it is absent or null, which YAML writers use alike. */
  const take = (key: string): Node | undefined => {
    read.add(key)
    const value = follow(pairs.get(key)?.value)
    return isNode(value) && !isNothing(value) ? value : undefined
  }
  const scalar = <T>(key: string, fallback: T, expected: string, parse: (text: string, value: unknown, isPlain: boolean) => T): T => {
    const node = take(key)
    if (node === undefined) return fallback
    const text = isScalar(node) ? textOf(node) : undefined
    try {
      if (text === undefined || !isScalar(node)) throw new Error(`expected ${expected}`)
      return parse(text, node.value, node.type === 'PLAIN')
    } catch (error) {
      mistake(key, `found ${text === undefined ? kindOf(node) : JSON.stringify(text)}, ${errorMessage(error)}`)
      return fallback
    }
  }
  const entriesOf = (key: string): readonly Pair[] => {
    const node = take(key)
    if (node === undefined) return []
    if (isMap(node)) return [...pairsOf(node, follow).values()]
    mistake(key, `found ${kindOf(node)}, expected a map`)
    return []
  }
  /** @param name of the place, for a mistake. */
  const textsOf = (name: string, value: unknown): string | undefined => {
    const node = follow(value)
    if (isNothing(node)) return ''
    if (isScalar(node)) return textOf(node)
    mistakeAt(value, name, `found ${kindOf(node)}, expected text`)
    return undefined
  }
  const itemsOf = (name: string, items: readonly unknown[]): readonly string[] =>
    items.flatMap((item, index) => textsOf(`${name}[${index}]`, item) ?? [])

  /** Other parsers know the place of the key that they were given: the line is that of what is wrong below it. */
  const refused = <T>(error: unknown, keys: readonly string[], fallback: T): T => {
    if (!(error instanceof ConfigError)) throw error
    for (const text of error.mistakes) {
      const wayOf = (key: string): string => (text.startsWith(where(key)) ? text.slice(where(key).length) : '')
      const key = keys.find((one) => /^[.[]/.test(wayOf(one)))
      const node = key === undefined ? undefined : nodeBelow(pairs.get(key)?.value, wayOf(key), follow)
      mistakes.push(key === undefined || node === undefined ? text : placeOf(node, `${nameOf(key)}${wayOf(key)}`))
    }
    return fallback
  }

  return {
    where,
    mistake,
    refuse: (text) => void mistakes.push(text),
    has: (key) => pairs.has(key),
    keys: () => [...pairs.keys()],
    fingerprint: () => JSON.stringify(map === null ? null : toJs(map)),
    scalars: () =>
      scalarsOf(map, path, follow).map(({ key, node, path: place, text, isPlain }) => ({
        key,
        text,
        isPlain,
        where: `${fileName}:${lineOf(node)}: ${place}`,
      })),
    accept: (...keys) => {
      for (const key of keys) read.add(key)
    },
    string: (key, fallback) => scalar(key, fallback, 'text', (text) => text),
    bool: (key, fallback) =>
      scalar(key, fallback, 'true or false', (_text, value, isPlain) => {
        const word = isPlain ? booleanOf(value) : undefined
        if (word === undefined) throw new Error('expected true or false')
        return word
      }),
    int: (key, fallback) =>
      scalar(key, fallback, 'a whole number', (text, value) => {
        const ambiguous = leadingZero(text)
        if (ambiguous !== undefined) throw new Error(ambiguous)
        if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Error('expected a whole number of at least 0')
        return value
      }),
    duration: (key, fallback) => scalar(key, fallback, 'a duration', parseDuration),
    scalar,
    oneOf: (key, allowed, fallback) =>
      scalar(key, fallback, `one of ${allowed.join(', ')}`, (text) => {
        const match = allowed.find((one) => one === text)
        if (match === undefined) throw new Error(`expected one of ${allowed.join(', ')}`)
        return match
      }),
    list: (key) => {
      const node = take(key)
      if (node === undefined) return undefined
      if (isSeq(node)) return itemsOf(nameOf(key), node.items)
      mistake(key, `found ${kindOf(node)}, expected a list`)
      return undefined
    },
    texts: (key) =>
      entriesOf(key).flatMap((pair) => {
        const text = textsOf(`${nameOf(key)}.${withoutValue(keyOf(pair))}`, pair.value)
        return text === undefined ? [] : [[keyOf(pair), text] as const]
      }),
    textLists: (key) =>
      entriesOf(key).flatMap((pair) => {
        const value = follow(pair.value)
        const name = `${nameOf(key)}.${withoutValue(keyOf(pair))}`
        if (isSeq(value)) return [[keyOf(pair), itemsOf(name, value.items)] as const]
        if (!isNothing(value)) mistakeAt(pair.key, name, `found ${kindOf(value)}, expected a list of texts`)
        return [[keyOf(pair), []] as const]
      }),
    section: (key) => {
      const node = take(key)
      if (node === undefined) return undefined
      if (isMap(node)) return sectionOf(node, nameOf(key), context)
      mistake(key, `found ${kindOf(node)}, expected a map`)
      return undefined
    },
    sections: (key) => {
      const node = take(key)
      if (node === undefined) return []
      const items = isSeq(node) ? node.items : undefined
      if (items === undefined) mistake(key, `found ${kindOf(node)}, expected a list`)
      return (items ?? []).flatMap((entry, index) => {
        const item = follow(entry)
        if (isMap(item)) return [sectionOf(item, `${nameOf(key)}[${index}]`, context)]
        mistakeAt(entry, `${nameOf(key)}[${index}]`, `found ${kindOf(item)}, expected a map`)
        return []
      })
    },
    parsed: (key, parse, fallback) => {
      const node = take(key)
      if (node === undefined) return fallback
      try {
        return parse(toJs(node), where(key))
      } catch (error) {
        return refused(error, [key], fallback)
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
        return refused(error, keys, fallback)
      }
    },
    finish: (reasonOf) => {
      const known = [...read].filter((key) => !pairs.has(key))
      for (const key of pairs.keys()) if (!read.has(key)) mistake(key, reasonOf?.(key) ?? unknownKey(key, known))
    },
  }
}

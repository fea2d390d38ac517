import { booleanOf, mappingOf, scalarText, shown } from '@clymene/model'

import type { StageConfig } from './parse-stages.ts'
import type { StageKind } from './stage.ts'

/**
 * Reads the options of one stage from what the YAML parser gave. A mistake is noted, with its place and what was expected,
 * and a default returned, so that one run finds all of them.
 */
export type Fields = {
  readonly where: string
  readonly mistake: (text: string) => void
  /** Undefined when the key is not there or null. A plain number or boolean is text too: YAML makes them of `1` and `true`. */
  readonly text: (key: string) => string | undefined
  readonly flag: (key: string) => boolean | undefined
  /** A whole number from 0. */
  readonly count: (key: string) => number | undefined
  readonly texts: (key: string) => readonly string[]
  /** All keys with their text, '' for null: for stages whose keys are names. */
  readonly entries: () => readonly (readonly [key: string, text: string])[]
  /** The same of the mapping under `key`. */
  readonly mapping: (key: string) => readonly (readonly [key: string, text: string])[]
  /** Of a stage whose options are a list of names: these. */
  readonly names: () => readonly string[]
  /** The value as it stands, for what none of the others reads. */
  readonly raw: (key: string) => unknown
  /** The keys that are there. */
  readonly keys: () => readonly string[]
  /** The options under `key`, of which only `keys` are known; undefined allows any. */
  readonly nested: (key: string, keys: readonly string[] | undefined) => Fields
  /** The options of each item of the list under `key`; none when it is not there. */
  readonly items: (key: string, keys: readonly string[]) => readonly Fields[]
  /** The stages under `key`, checked; none when it is not there. */
  readonly stages: (key: string) => readonly StageConfig[]
}

/** Reads a list of stages, noting its mistakes. */
type ReadStages = (value: unknown, where: string, mistakes: string[]) => readonly StageConfig[]

/** @param keys the keys that may stand there; undefined allows any; 'names': the options are a list, see {@link Fields.names}. */
export function readFields(value: unknown, where: string, keys: StageKind['keys'], mistakes: string[], readStages: ReadStages): Fields {
  const fields: ReadonlyMap<string, unknown> = keys === 'names' ? new Map() : readMapping(value, where, mistakes)
  for (const key of fields.keys()) {
    if (keys !== undefined && keys !== 'names' && !keys.includes(key))
      mistakes.push(`${where}.${key}: unknown key (known: ${keys.join(', ')})`)
  }
  const mistake = (text: string): void => void mistakes.push(`${where}${text}`)
  const read = <T>(key: string, expected: string, accept: (given: unknown) => T | undefined): T | undefined => {
    const given = fields.get(key)
    if (given === undefined || given === null) return undefined
    const accepted = accept(given)
    if (accepted === undefined) mistake(`.${key}: expected ${expected}, found ${shown(given)}`)
    return accepted
  }
  return {
    where,
    mistake,
    text: (key) => read(key, 'text', scalarText),
    flag: (key) => read(key, 'true or false', booleanOf),
    count: (key) => read(key, 'a whole number from 0', (given) => (isCount(given) ? given : undefined)),
    texts: (key) => read(key, 'a list of texts', (given) => (isTexts(given) ? given : undefined)) ?? [],
    entries: () => [...fields].flatMap((entry) => textEntry(entry, where, mistakes)),
    mapping: (key) => {
      const place = `${where}.${key}`
      return [...readMapping(fields.get(key), place, mistakes)].flatMap((entry) => textEntry(entry, place, mistakes))
    },
    names: () => {
      if (isTexts(value) && value.length > 0 && !value.includes('')) return value
      mistake(`: expected a list of names, found ${shown(value)}`)
      return []
    },
    raw: (key) => fields.get(key),
    keys: () => [...fields.keys()],
    nested: (key, known) => readFields(fields.get(key), `${where}.${key}`, known, mistakes, readStages),
    items: (key, known) => {
      const given = read(key, 'a list', (found) => (Array.isArray(found) ? (found as readonly unknown[]) : undefined)) ?? []
      return given.map((item, index) => readFields(item, `${where}.${key}[${index}]`, known, mistakes, readStages))
    },
    stages: (key) => readStages(fields.get(key), `${where}.${key}`, mistakes),
  }
}

function readMapping(value: unknown, where: string, mistakes: string[]): ReadonlyMap<string, unknown> {
  if (value === undefined || value === null) return new Map()
  const fields = mappingOf(value)
  if (fields === undefined) mistakes.push(`${where}: expected a mapping, found ${shown(value)}`)
  return fields ?? new Map()
}

function textEntry([key, given]: readonly [string, unknown], where: string, mistakes: string[]): (readonly [string, string])[] {
  if (given === null) return [[key, '']]
  const text = scalarText(given)
  if (text !== undefined) return [[key, text]]
  mistakes.push(`${where}.${key}: expected text, found ${shown(given)}`)
  return []
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string')

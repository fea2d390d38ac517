import { errorMessage } from '@clymene/model'

import type { Fields } from '../fields.ts'
import { JmespathError } from '../jmespath/json-value.ts'
import { type JsonPath, parseJsonPath } from '../json-path.ts'
import { readSource } from '../source.ts'
import type { StageKind } from '../stage.ts'

/**
 * Reads a JSON object and extracts from it: `expressions` maps a name to an expression of JMESPath, an empty one being the
 * name itself. `source` is the extracted value to read, the line by default. Lists and objects are extracted as JSON text. What
 * is no JSON object passes unchanged, or is dropped with `drop_malformed: true`.
 */
export const json: StageKind = {
  keys: ['expressions', 'source', 'drop_malformed'],
  parse: (fields) => {
    const expressions = fields.mapping('expressions')
    if (expressions.length === 0) fields.mistake('.expressions: expected at least one name with its path')
    const source = readSource(fields)
    const dropMalformed = fields.flag('drop_malformed') ?? false
    const paths = expressions.map(([name, expression]) => ({ name, path: readPath(name, expression, fields) }))
    return (pass, context) => ({
      push: (entry) => {
        const text = source(entry)
        if (text === undefined) return pass(entry)
        const value = parseObject(text)
        const found = value === undefined ? [] : paths.map(({ path }) => find(path, value))
        // A number that no float64 holds.
        if (value === undefined || found.includes(Infinity) || found.includes(-Infinity)) {
          if (dropMalformed) context.dropped('json_malformed', 1)
          else pass(entry)
          return
        }
        for (const [index, { name }] of paths.entries()) if (found[index] !== FAILED) entry.extracted.set(name, found[index])
        pass(entry)
      },
    })
  },
}

function readPath(name: string, expression: string, fields: Fields): JsonPath {
  try {
    return parseJsonPath(expression === '' ? nameAsPath(name) : expression)
  } catch (error) {
    fields.mistake(`.expressions.${name}: ${errorMessage(error)}`)
    return () => undefined
  }
}

/** `request-id` is no expression, but a name that is meant as one. */
const nameAsPath = (name: string): string => (/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) ? name : JSON.stringify(name))

/** The beginning tells what is no object at once: an exception takes 5 µs. `null` is an object without members, as Go reads it. */
function parseObject(text: string): unknown {
  if (!OBJECT.test(text)) return undefined
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return undefined
  }
}

const OBJECT = /^[ \t\r\n]*(?:\{|null)/

/** The expression does not work out for this value: the name keeps what it had. */
const FAILED = Symbol('failed')

/** Null when nothing is there. */
function find(path: JsonPath, value: unknown): unknown {
  try {
    const found = path(value) ?? null
    // JSON can have halves of a character, which no label and no line has.
    if (typeof found === 'string') return found.toWellFormed()
    return typeof found === 'object' && found !== null ? JSON.stringify(found) : found
  } catch (error) {
    // A RangeError: JSON that is nested deeper than the stack holds.
    if (error instanceof JmespathError || error instanceof RangeError) return FAILED
    throw error
  }
}

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
    const paths = expressions.map(([name, expression]) => [name, readPath(name, expression, fields)] as const)
    return (pass, context) => ({
      push: (entry) => {
        const text = source(entry)
        if (text === undefined) return pass(entry)
        const value = parseObject(text)
        if (value === undefined) {
          if (dropMalformed) context.dropped('json_malformed', 1)
          else pass(entry)
          return
        }
        for (const [name, path] of paths) {
          const found = find(path, value)
          if (found !== FAILED) entry.extracted.set(name, found)
        }
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

/** The braces tell what is an object from what is not at once: an exception takes 5 µs. */
function parseObject(text: string): unknown {
  if (!OBJECT.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const OBJECT = /^[ \t\r\n]*\{/

/** The expression does not work out for this value: the name keeps what it had. */
const FAILED = Symbol('failed')

function find(path: JsonPath, value: unknown): unknown {
  try {
    const found = path(value)
    return typeof found === 'object' && found !== null ? JSON.stringify(found) : (found ?? undefined)
  } catch (error) {
    // A RangeError: JSON that is nested deeper than the stack holds.
    if (error instanceof JmespathError || error instanceof RangeError) return FAILED
    throw error
  }
}

import { errorMessage } from '@clymene/model'

import { extractedText } from '../entry.ts'
import { type JsonPath, parseJsonPath } from '../json-path.ts'
import type { StageKind } from '../stage.ts'

/**
 * Reads JSON and extracts from it: `expressions` maps a name to a path (see json-path.ts), an empty path being the name
 * itself. `source` is the extracted value to read, the line by default. Lists and objects are extracted as JSON text. What
 * is not JSON passes unchanged, or is dropped with `drop_malformed: true`.
 */
export const json: StageKind = {
  keys: ['expressions', 'source', 'drop_malformed'],
  parse: (fields) => {
    const expressions = fields.mapping('expressions')
    if (expressions.length === 0) fields.mistake('.expressions: expected at least one name with its path')
    const source = fields.text('source')
    if (source === '') fields.mistake('.source: must not be empty')
    const dropMalformed = fields.flag('drop_malformed') ?? false
    const paths = expressions.map(([name, expression]): readonly [string, JsonPath] => {
      try {
        return [name, expression === '' ? (value) => own(value, name) : parseJsonPath(expression)]
      } catch (error) {
        fields.mistake(`.expressions.${name}: ${errorMessage(error)}`)
        return [name, () => undefined]
      }
    })
    return (pass) => ({
      push: (entry) => {
        const text = source === undefined ? entry.line : extractedText(entry.extracted.get(source))
        const value = text === undefined ? undefined : parseJson(text)
        if (value === undefined && dropMalformed && text !== undefined) return
        for (const [name, path] of value === undefined ? [] : paths) entry.extracted.set(name, plain(path(value)))
        pass(entry)
      },
    })
  },
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function own(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Object.getOwnPropertyDescriptor(value, key)?.value
    : undefined
}

const plain = (value: unknown): unknown => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value)

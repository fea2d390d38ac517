import { readLogfmt } from '../logfmt-line.ts'
import { readSource } from '../source.ts'
import type { StageKind } from '../stage.ts'

/** Extracts from `key=value` pairs: `mapping` is name → key, the same when left empty. Of a key that comes twice the last counts. */
export const logfmt: StageKind = {
  keys: ['mapping', 'source'],
  parse: (fields) => {
    const pairs = fields.mapping('mapping')
    if (pairs.length === 0) fields.mistake('.mapping: expected at least one name with its key')
    const names = Map.groupBy(pairs, ([name, key]) => (key === '' ? name : key))
    const source = readSource(fields)
    return (pass) => ({
      push: (entry) => {
        const text = source(entry)
        if (text !== undefined) readLogfmt(text, (key, value) => names.get(key)?.forEach(([name]) => entry.extracted.set(name, value)))
        pass(entry)
      },
    })
  },
}

import { extractedText } from '../entry.ts'
import type { StageKind } from '../stage.ts'

/** Makes an extracted value the line; a missing value leaves it. */
export const output: StageKind = {
  keys: ['source'],
  parse: (fields) => {
    const source = fields.text('source') ?? ''
    if (source === '') fields.mistake('.source: expected the name of an extracted value')
    return (pass) => ({
      push: (entry) => {
        entry.line = extractedText(entry.extracted.get(source)) ?? entry.line
        pass(entry)
      },
    })
  },
}

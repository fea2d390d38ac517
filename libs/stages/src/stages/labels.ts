import { extractedText } from '../entry.ts'
import { readLabelSources } from '../label-name.ts'
import type { StageKind } from '../stage.ts'

/** Makes labels of extracted values: label name → name of the value, the same when left empty. A missing value sets nothing. */
export const labels: StageKind = {
  keys: undefined,
  parse: (fields) => {
    const pairs = readLabelSources(fields)
    return (pass) => ({
      push: (entry) => {
        for (const [label, source] of pairs) {
          const value = extractedText(entry.extracted.get(source))
          if (value !== undefined) entry.labels = entry.labels.with(label, value)
        }
        pass(entry)
      },
    })
  },
}

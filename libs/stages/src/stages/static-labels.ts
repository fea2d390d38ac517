import { checkLabelName } from '../label-name.ts'
import type { StageKind } from '../stage.ts'

/** Sets labels to fixed values; an empty one takes the label away. */
export const staticLabels: StageKind = {
  keys: undefined,
  parse: (fields) => {
    const pairs = fields.entries()
    if (pairs.length === 0) fields.mistake(': expected at least one label')
    for (const [label] of pairs) checkLabelName(label, fields)
    return (pass) => ({
      push: (entry) => {
        for (const [label, value] of pairs) entry.labels = entry.labels.with(label, value)
        pass(entry)
      },
    })
  },
}

import { extractedText } from '../entry.ts'
import type { StageKind } from '../stage.ts'

/** The label that a line's tenant travels in; it is never sent as a label. */
const TENANT_LABEL = '__tenant_id__'

/** Sets the tenant of a line: a fixed `value`, that of a `label`, or an extracted value named `source`. A missing one changes nothing. */
export const tenant: StageKind = {
  keys: ['label', 'source', 'value'],
  parse: (fields) => {
    const [label, source, value] = ['label', 'source', 'value'].map((key) => fields.text(key) ?? '')
    const given = [label, source, value].filter((text) => text !== '')
    if (given.length !== 1) fields.mistake(`: expected one of label, source and value, found ${given.length}`)
    return (pass) => ({
      push: (entry) => {
        const id = value || (label ? entry.labels.get(label) : extractedText(entry.extracted.get(source ?? '')))
        if (id !== undefined && id !== '') entry.labels = entry.labels.with(TENANT_LABEL, id)
        pass(entry)
      },
    })
  },
}

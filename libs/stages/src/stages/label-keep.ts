import type { StageKind } from '../stage.ts'

/** Takes away all labels but those named in `values`. Labels that begin with `__` are the agent's, and stay. */
export const labelKeep: StageKind = {
  keys: ['values'],
  parse: (fields) => {
    const kept = new Set(fields.texts('values'))
    if (kept.size === 0) fields.mistake('.values: expected at least one label')
    return (pass) => ({
      push: (entry) => {
        for (const [name] of entry.labels.labels) {
          if (!kept.has(name) && !name.startsWith('__')) entry.labels = entry.labels.with(name, '')
        }
        pass(entry)
      },
    })
  },
}

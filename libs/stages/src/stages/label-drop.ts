import type { StageKind } from '../stage.ts'

/** Takes labels away, by name. */
export const labelDrop: StageKind = {
  keys: 'names',
  parse: (fields) => {
    const names = fields.names()
    return (pass) => ({
      push: (entry) => {
        for (const name of names) entry.labels = entry.labels.with(name, '')
        pass(entry)
      },
    })
  },
}

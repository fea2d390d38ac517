import type { StageKind, StageStart } from '../stage.ts'

/** Takes all labels away but those that it names. Labels that begin with `__`, the tenant among them, are never sent, and stay. */
export const labelAllow: StageKind = {
  keys: 'names',
  parse: (fields) => keepLabels(fields.names()),
}

export function keepLabels(names: readonly string[]): StageStart {
  const kept = new Set(names)
  return (pass) => ({
    push: (entry) => {
      for (const [name] of entry.labels.labels) {
        if (!kept.has(name) && !name.startsWith('__')) entry.labels = entry.labels.with(name, '')
      }
      pass(entry)
    },
  })
}

import { errorMessage } from '@clymene/model'

import { compileLogPattern, type LogPattern } from '../log-pattern.ts'
import { readSource } from '../source.ts'
import type { StageKind } from '../stage.ts'

/** Extracts the `<name>`s of a LogQL pattern; with `labels_from_groups` they become labels too. Other texts pass unchanged. */
export const pattern: StageKind = {
  keys: ['pattern', 'source', 'labels_from_groups'],
  parse: (fields) => {
    let compiled: LogPattern | undefined
    const text = fields.text('pattern') ?? ''
    if (text === '') fields.mistake('.pattern: expected a pattern such as <ip> - <_> [<time>]')
    try {
      if (text !== '') compiled = compileLogPattern(text)
    } catch (error) {
      fields.mistake(`.pattern: ${errorMessage(error)}`)
    }
    const names = compiled?.names ?? []
    const source = readSource(fields)
    const setsLabels = fields.flag('labels_from_groups') ?? false
    return (pass) => ({
      push: (entry) => {
        const given = source(entry)
        const found = given === undefined ? undefined : compiled?.match(given)
        for (const [index, value] of found?.entries() ?? []) {
          const name = names[index] ?? ''
          entry.extracted.set(name, value)
          if (setsLabels) entry.labels = entry.labels.with(name, value)
        }
        pass(entry)
      },
    })
  },
}

import { isLabelName } from '../label-name.ts'
import { readRegex } from '../read-options.ts'
import { readSource } from '../source.ts'
import type { StageKind } from '../stage.ts'

/**
 * Extracts the named groups `(?P<name>…)` of the first match of `expression`, in RE2's syntax and time; a group that took no
 * part gives ''. With `labels_from_groups` they become labels too. A text that does not match passes unchanged.
 */
export const regex: StageKind = {
  keys: ['expression', 'source', 'labels_from_groups'],
  parse: (fields) => {
    const expression = readRegex(fields, 'expression')
    if ((fields.text('expression') ?? '') === '') fields.mistake('.expression: expected a regular expression')
    const source = readSource(fields)
    const names = [...(expression?.names ?? [])]
    const setsLabels = fields.flag('labels_from_groups') ?? false
    const labelNames = setsLabels ? names.filter(([name]) => isLabelName(name)) : []
    if (expression !== undefined && names.length === 0) fields.mistake('.expression: expected at least one named group (?P<name>…)')
    return (pass) => ({
      push: (entry) => {
        const text = source(entry)
        const groups = text === undefined ? undefined : expression?.match(text)?.groups
        if (groups === undefined) return pass(entry)
        for (const [name, group] of names) entry.extracted.set(name, groups[group])
        for (const [name, group] of labelNames) entry.labels = entry.labels.with(name, groups[group] ?? '')
        pass(entry)
      },
    })
  },
}

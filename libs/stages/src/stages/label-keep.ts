import type { StageKind } from '../stage.ts'
import { keepLabels } from './label-allow.ts'

/** Alloy's way to write `labelallow`: takes all labels away but those named in `values`. */
export const labelKeep: StageKind = {
  keys: ['values'],
  parse: (fields) => {
    const names = fields.texts('values')
    if (names.length === 0) fields.mistake('.values: expected at least one label')
    return keepLabels(names)
  },
}

import { shown } from '@clymene/model'

import type { Fields } from './fields.ts'

const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Whether Loki takes it for the name of a label. */
export const isLabelName = (name: string): boolean => LABEL_NAME.test(name)

/** Name → name of the value, the same when left empty, as in `labels: {level: , app: application}`. */
export function readLabelSources(fields: Fields): readonly (readonly [label: string, source: string])[] {
  const pairs = fields.entries().map(([label, source]) => [label, source === '' ? label : source] as const)
  if (pairs.length === 0) fields.mistake(': expected at least one label')
  for (const [label] of pairs) checkLabelName(label, fields)
  return pairs
}

export function checkLabelName(name: string, fields: Fields): void {
  if (!isLabelName(name)) fields.mistake(`: ${shown(name)} is no name of a label: letters, digits and _ make one`)
}

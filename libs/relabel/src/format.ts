import { DEFAULTS, type RelabelRule } from './rule.ts'

/** A rule as YAML would write it, without what is the default: what a person looks for in the file. */
export function relabelFields(rule: RelabelRule): ReadonlyMap<string, string | number | readonly string[]> {
  const fields = new Map<string, string | number | readonly string[]>()
  if (rule.sourceLabels.length > 0) fields.set('source_labels', rule.sourceLabels)
  if (rule.separator !== DEFAULTS.separator) fields.set('separator', rule.separator)
  if (rule.regex.pattern !== DEFAULTS.regex) fields.set('regex', rule.regex.pattern)
  if (rule.modulus !== DEFAULTS.modulus) fields.set('modulus', rule.modulus)
  if (rule.targetLabel !== '') fields.set('target_label', rule.targetLabel)
  if (rule.replacement !== DEFAULTS.replacement) fields.set('replacement', rule.replacement)
  return fields.set('action', rule.action)
}

/** The same on one line: `{source_labels: [a, b], regex: 'x|y', action: keep}`. */
export function formatRelabelRule(rule: RelabelRule): string {
  const shown = [...relabelFields(rule)].map(([key, value]) => {
    if (typeof value === 'object') return `${key}: [${value.map(formatText).join(', ')}]`
    return `${key}: ${typeof value === 'string' ? formatText(value) : value}`
  })
  return `{${shown.join(', ')}}`
}

/** Bare where YAML needs no quotes inside of braces. */
const formatText = (text: string): string =>
  /^[A-Za-z_][\w./-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : quoted(text)

const quoted = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- only double quotes can write these
  /[\u0000-\u001f\u007f-\u009f\ufeff]/.test(text) ? JSON.stringify(text) : `'${text.replaceAll("'", "''")}'`

import { type Action, DEFAULTS, type RelabelRule } from './rule.ts'

/** What Prometheus refuses in a rule whose fields are readable, each mistake with the key in front (`.target_label: …`). */
export function checkRule(rule: RelabelRule): readonly string[] {
  const { action } = rule
  const mistakes: string[] = []
  if (NEEDS_TARGET.has(action) && rule.targetLabel === '') mistakes.push(`.target_label: action ${action} needs one`)
  if (action === 'hashmod' && rule.modulus === 0) mistakes.push('.modulus: action hashmod needs one that is not 0')
  if (action === 'labelmap' && rule.replacement === '')
    mistakes.push('.replacement: action labelmap makes label names of it: it must not be empty')
  for (const [key, isDefault] of FIELDS) {
    if (ALLOWED[action]?.includes(key) === false && !isDefault(rule)) {
      mistakes.push(`.${key}: action ${action} takes only ${ALLOWED[action].join(', ')}`)
    }
  }
  return mistakes
}

const NEEDS_TARGET: ReadonlySet<Action> = new Set(['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'])

const FIELDS: readonly (readonly [key: string, isDefault: (rule: RelabelRule) => boolean])[] = [
  ['source_labels', (rule) => rule.sourceLabels.length === 0],
  ['separator', (rule) => rule.separator === DEFAULTS.separator],
  ['regex', (rule) => rule.regex.pattern === DEFAULTS.regex],
  ['modulus', (rule) => rule.modulus === DEFAULTS.modulus],
  ['target_label', (rule) => rule.targetLabel === ''],
  ['replacement', (rule) => rule.replacement === DEFAULTS.replacement],
]

/** Actions that refuse the other keys; spelling out a default is fine. The actions not listed ignore what they do not use. */
const ALLOWED: { readonly [A in Action]?: readonly string[] } = {
  lowercase: ['source_labels', 'separator', 'regex', 'modulus', 'target_label'],
  uppercase: ['source_labels', 'separator', 'regex', 'modulus', 'target_label'],
  keepequal: ['source_labels', 'target_label'],
  dropequal: ['source_labels', 'target_label'],
  labeldrop: ['regex'],
  labelkeep: ['regex'],
}

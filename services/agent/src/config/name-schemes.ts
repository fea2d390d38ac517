import type { RelabelRule } from '@clymene/relabel'
import { NAME_ESCAPINGS, type NameEscaping } from '@clymene/wire'

import type { Section } from './section.ts'

/** Which names metrics and labels may have, and how exporters are asked to write others. */
export type NameSchemes = { readonly validation: 'utf8' | 'legacy'; readonly escaping: NameEscaping }

const VALIDATIONS = ['utf8', 'legacy'] as const

/** The two keys as `global` or a job (then with those of `global`) has them; the escaping follows the validation of the same place. */
export function readNameSchemes(section: Section | undefined, global?: NameSchemes): NameSchemes {
  const own = section?.oneOf<NameSchemes['validation'] | ''>('metric_name_validation_scheme', VALIDATIONS, '') ?? ''
  const asked = section?.oneOf<NameEscaping | ''>('metric_name_escaping_scheme', NAME_ESCAPINGS, '') ?? ''
  const validation = own === '' ? (global?.validation ?? 'utf8') : own
  const escaping = asked !== '' ? asked : own === '' && global !== undefined ? global.escaping : ESCAPING_OF[validation]
  if (section !== undefined && global !== undefined && validation === 'legacy' && escaping === 'allow-utf-8')
    section.mistake(
      section.has('metric_name_escaping_scheme') ? 'metric_name_escaping_scheme' : undefined,
      'metric_name_escaping_scheme is allow-utf-8, expected underscores, dots or values where metric_name_validation_scheme is legacy',
    )
  return { validation, escaping }
}

const ESCAPING_OF: Readonly<Record<NameSchemes['validation'], NameEscaping>> = { utf8: 'allow-utf-8', legacy: 'underscores' }

/** What every Prometheus before 3 took for the name of a label. */
export const isLegacyLabelName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name)

/** A target label of `replace`, and what `labelmap` makes, may also hold groups: `$1`, `${name}`. */
const isLegacyTemplate = (text: string): boolean => isLegacyLabelName(text.replaceAll(/\$(?:\{\w+\}|\w+)/g, '_'))

/** Rules that would make a label of a name that `legacy` refuses, a line each with the rule in front. */
export const legacyMistakes = (rules: readonly RelabelRule[]): readonly string[] =>
  rules.flatMap(({ action, targetLabel, replacement }, index) => {
    const refused = (key: string, text: string): string[] => [
      `[${index}].${key}: ${JSON.stringify(text)} is no label name of metric_name_validation_scheme legacy`,
    ]
    if (action === 'labelmap') return isLegacyTemplate(replacement) ? [] : refused('replacement', replacement)
    if (targetLabel === '' || (action === 'replace' ? isLegacyTemplate(targetLabel) : isLegacyLabelName(targetLabel))) return []
    return refused('target_label', targetLabel)
  })

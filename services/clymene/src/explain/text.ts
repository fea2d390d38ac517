import type { Explanation, Explanations } from '@clymene/agent'
import type { Labels } from '@clymene/model'

import { printable } from '../ledger/table.ts'

type Step = Explanation['steps'][number]

/** What is shown to people: each target with its steps, indented, and the verdict below. */
export function formatExplanations({ found, explanations, hint }: Explanations): string {
  const more = found > explanations.length ? [`${found - explanations.length} more targets are meant: --target or --job names fewer`] : []
  return [...explanations.map(formatExplanation), ...more, ...(hint === '' ? [] : [printable(hint)])].join('\n\n')
}

function formatExplanation({ job, url, verdict, passes, steps }: Explanation): string {
  const title = `job ${JSON.stringify(job)}${url === undefined ? '' : `  ${url}`}`
  return [title, ...steps.flatMap(formatStep), `=> ${passes ? '' : 'NO: '}${verdict}`].map(printable).join('\n')
}

function formatStep({ stage, rule, note, changes, labels, dropped }: Step): readonly string[] {
  const effects = [
    ...(changes ?? []),
    ...(labels === undefined ? [] : [formatLabels(labels)]),
    ...(dropped === true ? ['DROPPED'] : []),
    ...(changes?.length === 0 && dropped !== true ? ['changes nothing'] : []),
  ]
  return [`  ${[stage, rule, note].filter((part) => part !== undefined).join('  ')}`, ...effects.map((text) => `      ${text}`)]
}

const formatLabels = (labels: Labels): string => `{${labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`

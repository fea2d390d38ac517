import type { Logger } from '@clymene/model'
import { createOnceIn, type Metrics } from '@clymene/runtime'

import type { LabelLimits, LabelOffence } from './label-limits.ts'

/** Why lines with these labels are not sent. */
export function refusalOf(offences: readonly LabelOffence[], limits: LabelLimits): string {
  const shown = offences.slice(0, MAX_TOLD).map((offence) => {
    const name = offence.label.length > MAX_SHOWN ? `${offence.label.slice(0, MAX_SHOWN)}…` : offence.label
    return `${JSON.stringify(name)} (${offence.limit}: ${allowed(offence, limits)})`
  })
  const more = offences.length > MAX_TOLD ? ` and ${offences.length - MAX_TOLD} more` : ''
  return `--logs.label-limit-action=refuse: beyond the limit: label ${shown.join(', ')}${more}`
}

export type OffendedLabelsOptions = {
  readonly metrics: Metrics
  readonly logger: Logger
  readonly now: () => number
}

/** Names that the metric tells apart: a stage may make labels of anything. */
const MAX_NAMES = 50
const MAX_SHOWN = 60
/** Labels that a reason names. */
const MAX_TOLD = 5
const OTHER = 'other'

/** Counts lines whose labels a store would not take, by the label, and names it in a log line once a minute. */
export function createOffendedLabels({ metrics, logger, now }: OffendedLabelsOptions) {
  const limited = metrics.counter(
    'clymene_agent_line_label_limit_lines_total',
    'Lines with a label beyond a limit, by what was done about it; of many labels only the first 50 are named',
    ['label', 'limit', 'action'],
  )
  const names = new Set<string>()
  const onceInAMinute = createOnceIn(60_000, now)

  const shown = (name: string): string => {
    const text = (name.length > MAX_SHOWN ? `${name.slice(0, MAX_SHOWN)}…` : name).toWellFormed()
    if (!names.has(text) && names.size >= MAX_NAMES) return OTHER
    names.add(text)
    return text
  }

  return (offences: readonly LabelOffence[], limits: LabelLimits, lines: number): void => {
    for (const offence of offences) {
      const { limit } = offence
      const label = shown(offence.label)
      const action = limit === 'none' ? 'add' : limits.action
      limited.inc({ label, limit, action }, lines)
      onceInAMinute(`${label} ${limit}`, (heldBack) =>
        logger[action === 'refuse' ? 'error' : 'warn'](MESSAGES[action], {
          label,
          limit,
          allowed: allowed(offence, limits),
          lines,
          heldBack,
        }),
      )
    }
  }
}

const MESSAGES: Readonly<Record<LabelLimits['action'] | 'add', string>> = {
  drop: 'a label is beyond a limit, lines go without it',
  metadata: 'a label is beyond a limit, it goes with its lines as structured metadata',
  refuse: 'a label is beyond a limit, its lines are kept as dead letters',
  add: 'lines have no label, they go with one that says so',
}

const allowed = ({ limit }: LabelOffence, limits: LabelLimits): number | string => {
  if (limit === 'none') return 'at least one'
  if (limit === 'names') return limits.maxNames
  if (limit === 'name_bytes') return limits.maxNameBytes
  return limit === 'value_bytes' ? limits.maxValueBytes : 'letters, digits and _, no digit first'
}

export type OffendedLabels = ReturnType<typeof createOffendedLabels>

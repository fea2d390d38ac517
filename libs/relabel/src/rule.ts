import type { Regex } from '@clymene/regex'

export const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const
export type Action = (typeof ACTIONS)[number]

/** One item of `relabel_configs`, checked, with its defaults filled in. */
export type RelabelRule = {
  readonly action: Action
  /** Their values, joined with `separator`, are what `regex` sees. */
  readonly sourceLabels: readonly string[]
  readonly separator: string
  /** Anchored at both ends. */
  readonly regex: Regex
  /** '' where the action has none. With `replace` it may refer to groups. */
  readonly targetLabel: string
  /** May refer to groups. */
  readonly replacement: string
  /** Of `hashmod`; 0 elsewhere. */
  readonly modulus: number
  /** `replace` makes no label of a name that is not `[A-Za-z_][A-Za-z0-9_]*`: metric_name_validation_scheme is `legacy`. */
  readonly legacyNames?: boolean
}

/** What an item that leaves everything out means. `regex` as its pattern. */
export const DEFAULTS = { separator: ';', regex: '(.*)', replacement: '$1', modulus: 0 } as const

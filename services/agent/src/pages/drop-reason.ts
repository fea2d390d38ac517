import { explainRelabel, type RelabelStep } from '@clymene/relabel'
import { redactUrls } from '@clymene/runtime'

import type { DroppedRow } from './agent-view.ts'
import { shownRule } from './shown-labels.ts'

/** Why a discovered target is not scraped: the rule that dropped it, or what is wrong with what the rules have made. */
export function dropReason({ reason, of, discovered }: DroppedRow): string {
  const step = of === undefined ? undefined : explainRelabel(of.relabelRules, discovered).at(-1)
  return step?.dropped === true ? ruleReason(step) : redactUrls(reason)
}

/** The rule that a step is about. */
export const ruleReason = ({ index, rule }: RelabelStep): string => `relabel_configs[${index}] ${shownRule(rule)}`

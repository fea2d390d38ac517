import type { LabelMap } from '@clymene/model'

import { compileRelabel } from './compile.ts'
import type { RelabelRule } from './rule.ts'

/** What one rule did. */
export type RelabelStep = {
  /** Of the rule in its list, from 0. */
  readonly index: number
  readonly rule: RelabelRule
  readonly before: ReadonlyMap<string, string>
  /** What the rule left, also when it dropped them. */
  readonly after: ReadonlyMap<string, string>
  /** The rule drops these labels: it is the last step. */
  readonly dropped: boolean
}

/** The steps that `compileRelabel(rules)` takes with these labels, which stay as they are. The rules after one that drops are not asked. */
export function explainRelabel(rules: readonly RelabelRule[], labels: ReadonlyMap<string, string>): readonly RelabelStep[] {
  const steps: RelabelStep[] = []
  let before: ReadonlyMap<string, string> = new Map(labels)
  for (const [index, rule] of rules.entries()) {
    const after: LabelMap = new Map(before)
    const dropped = !compileRelabel([rule])(after)
    steps.push({ index, rule, before, after, dropped })
    if (dropped) break
    before = after
  }
  return steps
}

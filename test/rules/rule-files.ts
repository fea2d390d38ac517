/** Rules and their tests as they stand in grafana/rules. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { ALERTS_FILE, RECORDING_FILE, RULES } from '../../tools/alert-rules.ts'

export type Rule = {
  readonly record?: string
  readonly alert?: string
  readonly expr: string
  readonly for?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export type RuleTest = {
  readonly name: string
  /** Time between two samples of a series. */
  readonly interval: string
  readonly alert_rule_test: readonly {
    readonly eval_time: string
    readonly alertname: string
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[]
  }[]
}

export const RULE_FILES = [RECORDING_FILE, ALERTS_FILE].map((name) => join(RULES, name))

export const readRules = (): readonly Rule[] =>
  RULE_FILES.flatMap((file) => read<{ groups: readonly { rules: readonly Rule[] }[] }>(file).groups.flatMap(({ rules }) => rules))

export const RECORDING_TEST = join(RULES, 'tests/recording.test.yml')

/** Those of alerts. */
export const readRuleTests = (): readonly RuleTest[] =>
  globSync('tests/*.test.yml', { cwd: RULES })
    .filter((file) => join(RULES, file) !== RECORDING_TEST)
    .toSorted()
    .flatMap((file) => read<{ tests: readonly RuleTest[] }>(join(RULES, file)).tests)

/** Every expression, for a real Prometheus: what is recorded has to have data there, an alert has to be parsed. */
export const ruleExpressions = (): readonly { readonly name: string; readonly kind: 'record' | 'alert'; readonly expression: string }[] =>
  readRules().map(({ record, alert = '', expr }) =>
    record === undefined ? { name: alert, kind: 'alert', expression: expr } : { name: record, kind: 'record', expression: expr },
  )

/** These, and what they ask for that others record. */
export const withRecorded = (rules: readonly Rule[], all: readonly Rule[]): readonly Rule[] => [
  ...all.filter(({ record }) => record !== undefined && rules.some(({ expr }) => expr.includes(record))),
  ...rules,
]

// oxlint-disable-next-line typescript/no-unsafe-type-assertion, typescript/no-unnecessary-type-parameters -- files of this repository
const read = <T>(file: string): T => parse(readFileSync(file, 'utf8')) as T

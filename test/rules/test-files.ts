import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { readRules, type Rule, type RuleTest, withRecorded } from './rule-files.ts'

/**
 * Writes a test with the rules that it is about alone, evaluated as often as it has samples: all rules in each of its minutes take twenty times
 * as long. Gives the file for `promtool test rules`.
 */
export function writeRuleTest(folder: string, one: RuleTest, rules: readonly Rule[] = readRules()): string {
  const about = new Set(one.alert_rule_test.map(({ alertname }) => alertname))
  const under = withRecorded(
    rules.filter(({ alert = '' }) => about.has(alert)),
    rules,
  )
  mkdirSync(folder, { recursive: true })
  // JSON is YAML.
  const [ruleFile, testFile] = [join(folder, 'rules.json'), join(folder, 'test.json')]
  writeFileSync(ruleFile, JSON.stringify({ groups: [{ name: 'rules', rules: under }] }))
  writeFileSync(testFile, JSON.stringify({ rule_files: [ruleFile], evaluation_interval: one.interval, tests: [one] }))
  return testFile
}

/**
 * `node test/rules/check-thresholds.ts`: changes each number of each alert by a fifth, both ways, and tells which changes no test finds. By hand,
 * when a threshold or its test has changed: it takes a minute.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { packageFile } from '../engines/debian.ts'
import { runCommand } from '../engines/run-command.ts'
import { readRules, readRuleTests } from './rule-files.ts'
import { shiftedThresholds } from './shifted-thresholds.ts'
import { writeRuleTest } from './test-files.ts'

const promtool = packageFile('prometheus', 'usr/bin/promtool')
const folder = mkdtempSync(join(tmpdir(), 'clymene-thresholds-'))
try {
  const rules = readRules()
  const shifted = rules
    .filter(({ alert }) => alert !== undefined)
    .flatMap((rule) => shiftedThresholds(rule).map((one) => ({ ...one, rule })))
  for (const [at, { name, expr, rule }] of shifted.entries()) {
    const changed = rules.map((one) => (one === rule ? { ...one, expr } : one))
    const files = readRuleTests()
      .filter((one) => one.alert_rule_test.some(({ alertname }) => alertname === rule.alert))
      .map((one, test) => writeRuleTest(join(folder, `${at}-${test}`), one, changed))
    // oxlint-disable-next-line no-await-in-loop -- one promtool at a time
    const found = await runCommand(promtool, ['test', 'rules', ...files]).then(
      () => false,
      (error: unknown) => error instanceof Error && error.message.includes('ended with status'),
    )
    if (!found) {
      process.exitCode = 1
      process.stdout.write(`not found: ${name}\n`)
    }
  }
  process.stdout.write(`${shifted.length} changes\n`)
} finally {
  rmSync(folder, { recursive: true })
}

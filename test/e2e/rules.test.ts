import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'

import { OPERATOR_FILE, readRuleFile } from '../../tools/alert-rules.ts'
import { packageFile } from '../engines/debian.ts'
import { describeWithEngines } from '../engines/index.ts'
import { runCommand } from '../engines/run-command.ts'
import { readRules, readRuleTests, RECORDING_TEST, RULE_FILES, type Rule } from '../rules/rule-files.ts'
import { runbookQueries } from '../rules/runbooks.ts'
import { writeRuleTest } from '../rules/test-files.ts'

const promtool = packageFile('prometheus', 'usr/bin/promtool')

describeWithEngines(['prometheus'], 'alerts and recording rules', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-rules-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function runTests(change: (rule: Rule) => Rule = (rule) => rule, chosen: (name: string) => boolean = () => true): Promise<string> {
    const rules = readRules().map(change)
    const files = readRuleTests()
      .filter(({ name }) => chosen(name))
      .map((one, at) => writeRuleTest(join(folder, String(at)), one, rules))
    return runCommand(promtool, ['test', 'rules', ...files])
  }

  test('are what Prometheus takes', async () => {
    const told = await runCommand(promtool, ['check', 'rules', ...RULE_FILES])
    expect(told.match(/SUCCESS/g)).toHaveLength(2)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this repository
    const { spec } = parse(readRuleFile(OPERATOR_FILE)) as { readonly spec: unknown }
    expect(await checked(spec)).toContain(`SUCCESS: ${readRules().length} rules found`)
  })

  test('so is what runbooks ask for', async () => {
    const rules = runbookQueries().map(([, expr], at) => ({ record: `query:${at}`, expr }))
    expect(rules.length).toBeGreaterThan(50)
    expect(await checked({ groups: [{ name: 'runbooks', rules }] })).toContain(`SUCCESS: ${rules.length} rules found`)
  })

  const checked = (rules: unknown): Promise<string> => {
    const file = join(folder, 'checked.rules.json')
    writeFileSync(file, JSON.stringify(rules))
    return runCommand(promtool, ['check', 'rules', file])
  }

  test('what is recorded is what its name says', async () => {
    await expect(runCommand(promtool, ['test', 'rules', RECORDING_TEST])).resolves.toContain('SUCCESS')
  })

  test('every alert fires when it should, says what it should, and stays quiet otherwise', async () => {
    await expect(runTests()).resolves.toContain('SUCCESS')
  })

  test.each([
    ['a threshold', 'NodeInodesLow', '< 0.08', '< 0.096'],
    ['a threshold of an age', 'ClymeneLagOld', '> 120', '> 144'],
    ['a threshold of a share', 'ClymeneTargetsDown', '> 0.1', '> 0.12'],
    ['a metric', 'ClymeneTopicAtRisk', 'topic_at_risk', 'topics_at_risk'],
    ['a share that is turned round', 'ClymeneGatewayRefusing', '> 0.05', '< 0.05'],
  ])('%s that is wrong is found', async (_what, name, from, to) => {
    const mutant = (rule: Rule): Rule => (rule.alert === name ? { ...rule, expr: rule.expr.replaceAll(from, to) } : rule)
    await expect(runTests(mutant, (one) => one.startsWith(`${name} `))).rejects.toThrow(`alertname: ${name}`)
  })
})

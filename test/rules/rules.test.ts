import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { parseQuery } from '../dashboards/query-syntax.ts'
import { knownMetrics } from './known-metrics.ts'
import { readRules, readRuleTests, RECORDING_TEST, ruleExpressions } from './rule-files.ts'
import { readRunbook, runbookNames, runbookQueries } from './runbooks.ts'

const root = join(import.meta.dirname, '../..')
const rules = readRules()
const alerts = rules.filter(({ alert }) => alert !== undefined)
const names = [...new Set(alerts.map(({ alert = '' }) => alert))].toSorted()
const tests = readRuleTests()
const runbooks = runbookNames()

const known = new Map(knownMetrics())
// What is recorded has the labels that it is grouped by.
for (const { record, expr } of rules)
  if (record !== undefined) known.set(record, [...new Set(parseQuery('PromQL', expr).selectors.flatMap(({ groupedBy }) => groupedBy))])

/** Metrics and labels that an expression names and nobody gives, and where it cannot be parsed. */
function unknownIn(expression: string): readonly string[] {
  const made = [...expression.matchAll(/"(\w+)", "\$1", "\w+"/g)].map(([, label = '']) => label)
  const { errors, selectors } = parseQuery('PromQL', expression)
  const every = new Set([...made, ...selectors.flatMap(({ metric }) => known.get(metric) ?? [])])
  return [
    ...errors,
    ...selectors.flatMap(({ metric, matchers, groupedBy }) => [
      ...(known.has(metric) ? [] : [`metric ${metric}`]),
      ...matchers.filter(({ label }) => known.get(metric)?.includes(label) === false).map(({ label }) => `${metric}: label ${label}`),
      // What groups or joins may belong to the other side of an operator.
      ...groupedBy.filter((label) => !every.has(label)).map((label) => `by label ${label}`),
    ]),
  ]
}

test('rules are found', () => {
  expect(names.length).toBeGreaterThan(30)
  expect(ruleExpressions()).toHaveLength(rules.length)
})

test.each(ruleExpressions().map((rule) => [`${rule.kind} ${rule.name}`, rule.expression] as const))(
  '%s asks for metrics and labels that somebody exports',
  (_name, expression) => {
    expect(unknownIn(expression)).toEqual([])
  },
)

test.each([
  ['sum(rate(clymene_gateway_request_total[5m]))', ['metric clymene_gateway_request_total']],
  ['sum by (clusters) (up)', ['by label clusters']],
  ['node_memory_MemTotal_bytes{nod="a"}', ['node_memory_MemTotal_bytes: label nod']],
  ['clymene_ledger_missing_sequences{cluster="a",exported_cluster="b"}', []],
  ['cluster:up_timestamp_seconds:max{app="a"}', ['cluster:up_timestamp_seconds:max: label app']],
  ['sum(up', [expect.stringContaining('at ')]],
])('%s: what is misspelt is found', (expression, found) => {
  expect(unknownIn(expression)).toEqual(found)
})

test('recorded names are level:metric:operations, tested, and used by an alert or told in the README', () => {
  const readme = readFileSync(join(root, 'grafana/rules/README.md'), 'utf8')
  const recordingTest = readFileSync(RECORDING_TEST, 'utf8')
  for (const { record } of rules.filter((rule) => rule.record !== undefined)) {
    expect(record).toMatch(/^[a-z_]+:\w+:[a-z0-9_]+$/)
    expect(recordingTest).toContain(record)
    expect(`${readme}${alerts.map(({ expr }) => expr).join('')}`).toContain(record)
  }
})

describe.each(names)('%s', (name) => {
  const own = alerts.filter(({ alert }) => alert === name)
  const ofName = tests.filter((one) => one.name.startsWith(`${name} `))

  test('has a severity, a summary, a description and the link to its runbook', () => {
    for (const { labels, annotations = {} } of own) {
      expect(['critical', 'warning', 'info']).toContain(labels?.['severity'])
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url'])
      for (const text of [annotations['summary'], annotations['description']]) expect(text?.length).toBeGreaterThan(15)
      expect(annotations['description']).toMatch(/\.$/)
      expect(annotations['runbook_url']).toBe(`docs/runbooks/${name}.md`)
    }
    expect(new Set(own.map(({ labels }) => labels?.['severity'])).size).toBe(own.length)
  })

  test('is tested to fire with each severity, of one cluster, and to stay quiet', () => {
    for (const { alert_rule_test: checks } of ofName) expect(checks.map(({ alertname }) => alertname)).toEqual(checks.map(() => name))
    const fired = ofName.flatMap(({ alert_rule_test: checks }) =>
      checks.flatMap(({ exp_alerts: expected }) => expected.map((one) => one.exp_labels)),
    )
    expect(new Set(fired.map(({ severity }) => severity))).toEqual(new Set(own.map(({ labels }) => labels?.['severity'])))
    if (name !== 'ClymenePipelineSilent') expect(fired.filter(({ cluster }) => cluster === undefined)).toEqual([])
    const quiet = ofName.filter((one) => one.name.startsWith(`${name} stays quiet`))
    expect(quiet.length).toBeGreaterThan(0)
    for (const { alert_rule_test: checks } of quiet) for (const { exp_alerts: expected } of checks) expect(expected).toEqual([])
  })
})

test('every test is of an alert', () => {
  expect(tests.map((one) => one.name.split(' ', 1)[0]).filter((name) => !names.includes(name ?? ''))).toEqual([])
})

test('every alert has a runbook, every runbook an alert, and the index all of them', () => {
  expect(runbooks).toEqual(names)
  const index = readRunbook('README')
  const listed = [...index.matchAll(/^\| \[(\w+)\]\((\w+)\.md\)/gm)].map(([, title, file]) => `${title} ${file}`)
  expect(listed.toSorted()).toEqual(names.map((name) => `${name} ${name}`))
})

test.each(runbooks)('the runbook %s says what a runbook has to say', (name) => {
  const text = readRunbook(name)
  expect([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading)).toEqual([
    name,
    'What it means',
    'What is at risk',
    'How to look',
    'What to do',
    'When it is over',
  ])
})

test.each(runbookQueries())('%s: %s asks for what there is', (_name, query) => {
  expect(unknownIn(query)).toEqual([])
})

import { expect, test } from 'vitest'

import { ALERTS_FILE, OPERATOR_FILE, prometheusRule, readRuleFile, RECORDING_FILE, withRunbooks } from './alert-rules.ts'

test('the PrometheusRule is that of the rules beside it: npm run rules', () => {
  expect(readRuleFile(OPERATOR_FILE)).toBe(prometheusRule([RECORDING_FILE, ALERTS_FILE].map(readRuleFile)))
})

test('groups of several files become those of one object, with their comments', () => {
  const made = prometheusRule(['# why\ngroups:\n  - name: a\n\n    rules: [] # none\n', 'groups:\n  - name: b\n'])
  expect(made.slice(made.indexOf('spec:'))).toBe('spec:\n  groups:\n    # why\n    - name: a\n\n      rules: [] # none\n    - name: b\n')
})

test.each(['rules: []\n', 'groups:\nname: a\n', '', 'groups:\n'])('%j is no file of rules', (text) => {
  expect(() => prometheusRule([text])).toThrow('expected comments, and then groups:')
})

const LINK = 'annotations:\n  runbook_url: docs/runbooks/NodeNotReady.md\n  summary: docs/runbooks/NodeNotReady.md\n'

test('links to runbooks get another beginning, and lose it again', () => {
  const moved = withRunbooks(LINK, 'https://example.com/$&/')
  expect(moved).toBe(LINK.replace('docs', () => 'https://example.com/$&/docs'))
  expect(withRunbooks(moved, 'https://example.org/')).toBe(LINK.replace('docs', 'https://example.org/docs'))
  expect(withRunbooks(moved, '')).toBe(LINK)
})

test('a beginning that ends in the middle of a name is refused', () => {
  expect(() => withRunbooks(LINK, 'https://example.com')).toThrow('--runbooks=https://example.com: expected / at its end')
})

test('every alert gets it', () => {
  const text = readRuleFile(ALERTS_FILE)
  const alerts = text.match(/^ +- alert: /gm)?.length
  expect(withRunbooks(text, 'https://example.com/').match(/runbook_url: https:\/\/example\.com\/docs\/runbooks\/\w+\.md$/gm)).toHaveLength(
    alerts ?? 0,
  )
})

/**
 * `npm run rules` makes grafana/rules/operator/clymene.prometheus-rule.yaml of the rules beside it, for those whose Prometheus belongs to
 * prometheus-operator. `--runbooks=https://example.com/clymene/` says where the folder docs/runbooks is read, in all alerts at once;
 * `--runbooks=` makes the links relative again. A test fails when what is committed differs.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

export const RULES = join(import.meta.dirname, '../grafana/rules')
export const RECORDING_FILE = 'clymene.recording.rules.yml'
export const ALERTS_FILE = 'clymene.rules.yml'
export const OPERATOR_FILE = 'operator/clymene.prometheus-rule.yaml'

const HEAD = `# Made by \`npm run rules\` of ../${RECORDING_FILE} and ../${ALERTS_FILE}; do not edit.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: clymene
  labels: { app: clymene-rules }
spec:
  groups:
`

/** A PrometheusRule of files of rules, comments included. @throws Error when a file is not `groups:` with what belongs to it */
export const prometheusRule = (texts: readonly string[]): string =>
  HEAD +
  texts
    .map((text) => {
      const [, before = '', groups] = /^((?:#.*\n|\n)*)groups:\n((?: .*\n|\n)+)$/.exec(text) ?? []
      if (groups === undefined) throw new Error('expected comments, and then groups: with indented lines')
      return indented(indented(before)) + indented(groups)
    })
    .join('')

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')

/** The same alerts, with this before `docs/runbooks/…`. @throws Error when a link would not end in a name of a folder or host */
export function withRunbooks(text: string, prefix: string): string {
  if (prefix !== '' && !prefix.endsWith('/')) throw new Error(`--runbooks=${prefix}: expected / at its end`)
  return text.replaceAll(/(?<=^ +runbook_url: )\S*(?=docs\/runbooks\/\w+\.md$)/gm, () => prefix)
}

export const readRuleFile = (name: string): string => readFileSync(join(RULES, name), 'utf8')

if (import.meta.main) {
  const { runbooks } = parseArgs({ options: { runbooks: { type: 'string' } } }).values
  if (runbooks !== undefined) writeFileSync(join(RULES, ALERTS_FILE), withRunbooks(readRuleFile(ALERTS_FILE), runbooks))
  writeFileSync(join(RULES, OPERATOR_FILE), prometheusRule([RECORDING_FILE, ALERTS_FILE].map(readRuleFile)))
}

import { sortedLabels, type Label, type Labels } from '@clymene/model'
import { formatRelabelRule, type RelabelRule } from '@clymene/relabel'
import { isSecretKey, isSecretParameter, REDACTED, redactUrls } from '@clymene/runtime'

/** Labels as they may be shown: sorted, a parameter that is a secret and what is secret in a URL left out. */
export const shownLabels = (labels: Iterable<Label>): Labels =>
  sortedLabels([...labels].map(([name, value]) => [name, shownValue(name, value)]))

/** The same of a series: an external label under the name of a secret is hidden, as in the configuration. */
export const shownSeries = (labels: Iterable<Label>, externalLabels: Labels): Labels => shownLabels(withoutSecrets(labels, externalLabels))

/** Labels of a series without the values of external ones under the name of a secret. */
export function withoutSecrets(labels: Iterable<Label>, externalLabels: Labels): Labels {
  const secrets = new Map(externalLabels.filter(([name]) => isSecretKey(name)))
  return [...labels].map(([name, value]) => [name, secrets.get(name) === value ? REDACTED : value])
}

/** A rule as the file has it; one that sets a parameter that is a secret does not say which. */
export function shownRule(rule: RelabelRule): string {
  return formatRelabelRule({ ...rule, replacement: shownValue(rule.targetLabel, rule.replacement) })
}

const PARAMETER = '__param_'

/** The value of a label as it may be shown. */
export const shownValue = (name: string, value: string): string =>
  name.startsWith(PARAMETER) && isSecretParameter(name.slice(PARAMETER.length)) ? REDACTED : redactUrls(value)

/** `name="value"` of each, in no order: what a search looks through. */
export function* shownTexts(labels: Iterable<Label>): Iterable<string> {
  for (const [name, value] of labels) yield `${name}=${JSON.stringify(shownValue(name, value))}`
}

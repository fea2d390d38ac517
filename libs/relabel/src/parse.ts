import { ConfigError, errorMessage, mappingOf, scalarText, shown } from '@clymene/model'
import { compileRegex, type Regex } from '@clymene/regex'

import { checkRule } from './rule-checks.ts'
import { ACTIONS, type Action, DEFAULTS, type RelabelRule } from './rule.ts'

/**
 * Reads a `relabel_configs` or `metric_relabel_configs` list as Prometheus 3 does: any letter case of the action, UTF-8
 * label names, unknown keys refused.
 *
 * @param value what the YAML parser gave; undefined and null mean no rules.
 * @param where the place for messages, such as `scrape_configs[0].relabel_configs`.
 * @throws ConfigError with every mistake of every rule.
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 */
export function parseRelabelConfigs(value: unknown, where: string): readonly RelabelRule[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new ConfigError(`${where}: expected a list of relabelling rules, found ${shown(value)}`)
  const mistakes: string[] = []
  const rules = value.map((item: unknown, index) => parseRule(item, `${where}[${index}]`, mistakes))
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return rules.filter((rule) => rule !== undefined)
}

const KEYS = ['source_labels', 'separator', 'regex', 'modulus', 'target_label', 'replacement', 'action']

function parseRule(item: unknown, where: string, mistakes: string[]): RelabelRule | undefined {
  const fields = mappingOf(item)
  if (fields === undefined) {
    mistakes.push(`${where}: expected a rule with keys of ${KEYS.join(', ')}, found ${shown(item)}`)
    return undefined
  }
  const before = mistakes.length
  for (const key of fields.keys()) if (!KEYS.includes(key)) mistakes.push(`${where}.${key}: unknown key (known: ${KEYS.join(', ')})`)
  const text = (key: string, fallback: string): string => readText(fields.get(key), `${where}.${key}`, mistakes) ?? fallback
  const rule = {
    action: readAction(text('action', 'replace'), where, mistakes),
    sourceLabels: readSourceLabels(fields.get('source_labels'), `${where}.source_labels`, mistakes),
    separator: text('separator', DEFAULTS.separator),
    regex: readRegex(text('regex', DEFAULTS.regex), where, mistakes),
    targetLabel: text('target_label', ''),
    replacement: text('replacement', DEFAULTS.replacement),
    modulus: readModulus(fields.get('modulus'), where, mistakes),
  }
  // A rule that could not be read would be called wrong twice.
  if (mistakes.length === before) mistakes.push(...checkRule(rule).map((mistake) => `${where}${mistake}`))
  return rule
}

function readText(value: unknown, where: string, mistakes: string[]): string | undefined {
  if (value === undefined || value === null) return undefined
  const text = scalarText(value)
  if (text === undefined) mistakes.push(`${where}: expected text, found ${shown(value)}`)
  return text
}

function readAction(text: string, where: string, mistakes: string[]): Action {
  const action = ACTIONS.find((known) => known === text.toLowerCase())
  if (action === undefined) mistakes.push(`${where}.action: ${JSON.stringify(text)} is unknown, expected one of ${ACTIONS.join(', ')}`)
  return action ?? 'replace'
}

function readSourceLabels(value: unknown, where: string, mistakes: string[]): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    mistakes.push(`${where}: expected a list of label names, found ${shown(value)}`)
    return []
  }
  return value.map((item: unknown, index) => {
    const name = readText(item, `${where}[${index}]`, mistakes) ?? ''
    if (name === '') mistakes.push(`${where}[${index}]: a label name must not be empty`)
    return name
  })
}

function readRegex(pattern: string, where: string, mistakes: string[]): Regex {
  try {
    return compileRegex(pattern, { anchored: true })
  } catch (error) {
    mistakes.push(`${where}.${errorMessage(error)}`)
    return compileRegex(DEFAULTS.regex, { anchored: true })
  }
}

function readModulus(value: unknown, where: string, mistakes: string[]): number {
  if (value === undefined || value === null) return DEFAULTS.modulus
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  mistakes.push(`${where}.modulus: expected a whole number from 0, found ${shown(value)}`)
  return DEFAULTS.modulus
}

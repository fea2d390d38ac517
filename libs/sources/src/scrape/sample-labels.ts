import { type LabelMap, type Labels, labelValue, sortedLabels } from '@clymene/model'
import type { Relabel } from '@clymene/relabel'

import type { ScrapeLimits } from './job.ts'

export type SampleLabelRules = {
  /** The target's public labels: none begins with `__`. */
  readonly target: Labels
  readonly external: Labels
  readonly honorLabels: boolean
  readonly metricRelabel: Relabel
  readonly limits: ScrapeLimits
  /** Which names are taken; default: `utf8`. */
  readonly nameValidation?: 'utf8' | 'legacy' | undefined
}

/** A page breaks a limit of its job: the scrape fails. */
export class ScrapeLimitError extends Error {
  override readonly name = 'ScrapeLimitError'
  /** The option of scrape_configs that it breaks. */
  readonly limit: string

  constructor(limit: string, detail: string) {
    super(`${limit} exceeded (${detail})`)
    this.limit = limit
  }
}

/**
 * From the labels that a page exposes to the labels that are sent: target labels (an exposed label of the same name becomes
 * `exported_…`, or wins with honor_labels), then metric_relabel_configs, then external labels where the name is still free.
 *
 * The cluster of a series is the agent's to say: an exposed `cluster` becomes `exported_cluster` too when the external label
 * differs. Where it says the same as the target's or the external label nothing is exported, as a store of many clusters would
 * carry `exported_cluster` on every series of an exporter that knows its cluster.
 *
 * @returns undefined when metric_relabel_configs drop the series.
 * @throws ScrapeLimitError; Error when the series has lost its name, or has one that `legacy` does not take.
 */
export function sampleLabels(exposed: LabelMap, rules: SampleLabelRules): Labels | undefined {
  const { target, external, limits } = rules
  if (rules.honorLabels) {
    for (const [name, value] of target) if (!exposed.has(name)) exposed.set(name, value)
  } else {
    const moved = target.flatMap(([name, value]) => (name === 'cluster' && exposed.get(name) === value ? [] : conflict(exposed, name)))
    const cluster = labelValue(external, 'cluster')
    if (cluster !== '' && labelValue(target, 'cluster') === '' && exposed.get('cluster') !== cluster) {
      moved.push(...conflict(exposed, 'cluster'))
      exposed.delete('cluster')
    }
    for (const [name, value] of target) exposed.set(name, value)
    moved.sort(([a], [b]) => Buffer.byteLength(a) - Buffer.byteLength(b))
    for (const [name, value] of moved) exposed.set(freeName(exposed, name), value)
  }
  for (const [name, value] of exposed) if (value === '') exposed.delete(name)
  if (!rules.metricRelabel(exposed)) return undefined
  const labels = sortedLabels(exposed)
  if (labels.length === 0) return undefined
  const metric = labelValue(labels, '__name__')
  if (metric === '') throw new Error(`metric_relabel_configs leave a series without __name__: ${JSON.stringify(labels)}`)
  if (rules.nameValidation === 'legacy') checkLegacyNames(labels, metric)
  checkLimits(labels, metric, limits)
  return withExternal(labels, external)
}

/** External labels where the name is free. */
export function withExternal(labels: Labels, external: Labels): Labels {
  const missing = external.filter(([name]) => labelValue(labels, name) === '')
  return missing.length === 0 ? labels : sortedLabels([...labels, ...missing])
}

function conflict(exposed: LabelMap, name: string): [string, string][] {
  const value = exposed.get(name)
  return value === undefined || value === '' ? [] : [[name, value]]
}

function freeName(labels: LabelMap, name: string): string {
  let candidate = `exported_${name}`
  while ((labels.get(candidate) ?? '') !== '') candidate = `exported_${candidate}`
  return candidate
}

/** The names that every Prometheus before 3 takes. */
function checkLegacyNames(labels: Labels, metric: string): void {
  const expected = 'expected letters, digits and _ (metric_name_validation_scheme is legacy)'
  if (!/^[A-Za-z_:][\w:]*$/.test(metric)) throw new Error(`metric name ${short(metric)}: ${expected}`)
  const wrong = labels.find(([name]) => !/^[A-Za-z_]\w*$/.test(name))
  if (wrong !== undefined) throw new Error(`metric ${short(metric)}, label name ${short(wrong[0])}: ${expected}`)
}

function checkLimits(labels: Labels, metric: string, limits: ScrapeLimits): void {
  if (limits.labels > 0 && labels.length > limits.labels) {
    throw new ScrapeLimitError('label_limit', `metric ${short(metric)} has ${labels.length} labels, limit ${limits.labels}`)
  }
  if (limits.labelNameLength === 0 && limits.labelValueLength === 0) return
  for (const [name, value] of labels) {
    const nameLength = Buffer.byteLength(name)
    if (limits.labelNameLength > 0 && nameLength > limits.labelNameLength) {
      const detail = `metric ${short(metric)}, label name ${short(name)} of ${nameLength} bytes, limit ${limits.labelNameLength}`
      throw new ScrapeLimitError('label_name_length_limit', detail)
    }
    const valueLength = Buffer.byteLength(value)
    if (limits.labelValueLength > 0 && valueLength > limits.labelValueLength) {
      const detail = `metric ${short(metric)}, label ${short(name)}: value ${short(value)} of ${valueLength} bytes, limit ${limits.labelValueLength}`
      throw new ScrapeLimitError('label_value_length_limit', detail)
    }
  }
}

const short = (text: string): string => JSON.stringify(text.slice(0, 50))

import type { Labels } from '@clymene/model'

import { action, labelMembers, rfc3339Nano, valueFields, type Layout } from './layout.ts'

export type ClymeneLayoutOptions = { readonly metricsIndex: string; readonly logsIndex: string; readonly prefix: string }

/**
 * Go Clymene's two fixed indices and flat documents, for dashboards that read those: labels are fields of the document.
 * A label named as a field is kept as `exported_<name>`, where the original lost one of the two.
 */
export function clymeneLayout({ metricsIndex, logsIndex, prefix }: ClymeneLayoutOptions): Layout {
  const named = (index: string): string => action(prefix === '' ? index : `${prefix}-${index}`)
  const metricAction = named(metricsIndex)
  const logAction = named(logsIndex)
  return {
    metricAction: () => metricAction,
    logAction: () => logAction,
    series: (labels) => members(labels, METRIC_FIELDS),
    sample: (series, sample) => `{${series}${valueFields(sample)},"timestamp":"${rfc3339Milli(sample.timestampMs)}"}`,
    stream: (labels, tenant) => `${members(labels, LOG_FIELDS)}"tenant":${JSON.stringify(tenant)},"hash":"0",`,
    entry: (stream, { timestampNs, line, metadata }) => {
      const extra = metadata.length === 0 ? '' : `"metadata":{${labelMembers(metadata)}},`
      return `{${stream}${extra}"entries.ts":"${rfc3339Nano(timestampNs)}","entries.line":${JSON.stringify(line)}}`
    },
  }
}

const METRIC_FIELDS = new Set(['value', 'value_text', 'stale', 'timestamp'])
const LOG_FIELDS = new Set(['entries', 'entries.ts', 'entries.line', 'tenant', 'hash', 'metadata'])

function members(labels: Labels, fields: ReadonlySet<string>): string {
  const names = new Set(labels.map(([name]) => name))
  const kept = labels.map(([name, value]) => [fields.has(name) ? freeName(names, name) : name, value] as const)
  return kept.length === 0 ? '' : `${labelMembers(kept)},`
}

/** `exported_value`; when a label has that name too, `exported_exported_value`, as Prometheus does it. */
function freeName(taken: Set<string>, name: string): string {
  let free = `exported_${name}`
  while (taken.has(free)) free = `exported_${free}`
  taken.add(free)
  return free
}

const rfc3339Milli = (timestampMs: number): string =>
  Math.abs(timestampMs) <= 8.64e15 ? new Date(timestampMs).toISOString() : String(timestampMs)

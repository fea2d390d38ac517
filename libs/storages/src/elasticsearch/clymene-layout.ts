import type { Labels } from '@clymene/model'

import { action, labelMembers, rfc3339Nano, writeValue, type Layout } from './layout.ts'

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
    series: (out, labels) => {
      if (METRIC_FIELD_NAMES.some((name) => labels.find(name) !== -1)) return out.json(members(labels.labels(), METRIC_FIELDS))
      for (let label = 0; label < labels.count; label++) labels.writeMember(label, out)
    },
    sample: (out, series, timestampMs, value, isStale) => {
      out.ascii('{')
      out.raw(series.buffer, series.length)
      writeValue(out, value, isStale)
      out.ascii(',"timestamp":"')
      out.ascii(rfc3339Milli(timestampMs))
      out.ascii('"}')
    },
    stream: (labels, tenant) => `${members(labels, LOG_FIELDS)}"tenant":${JSON.stringify(tenant)},"hash":"0",`,
    entry: (out, stream, { timestampNs, metadata, bytes, start, end }) => {
      out.ascii('{')
      out.raw(stream)
      if (metadata.length > 0) out.json(`"metadata":{${labelMembers(metadata)}},`)
      out.ascii('"entries.ts":"')
      out.ascii(rfc3339Nano(timestampNs))
      out.ascii('","entries.line":')
      out.text(bytes, start, end)
      out.ascii('}')
    },
  }
}

const METRIC_FIELDS = new Set(['value', 'value_text', 'stale', 'timestamp'])
const METRIC_FIELD_NAMES = [...METRIC_FIELDS].map((name) => Buffer.from(name))
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

let lastMs = Number.NaN
let lastText = ''

/** The samples of a scrape have one time: its text is kept. */
function rfc3339Milli(timestampMs: number): string {
  if (timestampMs !== lastMs) {
    lastMs = timestampMs
    lastText = Math.abs(timestampMs) <= 8.64e15 ? new Date(timestampMs).toISOString() : String(timestampMs)
  }
  return lastText
}

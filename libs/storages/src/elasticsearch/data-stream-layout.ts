import { labelValue, type Labels } from '@clymene/model'

import { clusterNamespace } from './data-stream.ts'
import type { JsonBytes } from './json-bytes.ts'
import type { LabelTable } from './label-table.ts'
import { action, labelMembers, rfc3339Nano, writeValue, type Layout } from './layout.ts'

export const METRICS_DATA_STREAM = 'metrics-clymene.samples'
export const LOGS_DATA_STREAM = 'logs-clymene.lines'

const NAME = Buffer.from('__name__')
const CLUSTER = Buffer.from('cluster')

/** The layout of our own: a data stream a cluster, labels as one `flattened` field, as the index templates of templates.ts say. */
export const dataStreamLayout: Layout = {
  metricAction: (cluster) => action(`${METRICS_DATA_STREAM}-${clusterNamespace(cluster)}`),
  logAction: (cluster) => action(`${LOGS_DATA_STREAM}-${clusterNamespace(cluster)}`),
  series: (out, labels, tenant) => {
    const name = writeAs(out, '"name":', labels, NAME)
    writeAs(out, '"cluster":', labels, CLUSTER)
    out.json(member('tenant', tenant))
    out.ascii('"labels":{')
    const before = out.length
    for (let label = 0; label < labels.count; label++) if (label !== name) labels.writeMember(label, out)
    if (out.length > before) out.dropLast()
    out.ascii('},')
  },
  sample: (out, series, timestampMs, value, isStale) => {
    out.ascii('{"@timestamp":')
    out.number(timestampMs)
    out.ascii(',')
    out.raw(series.buffer, series.length)
    writeValue(out, value, isStale)
    out.ascii('}')
  },
  stream: (labels: Labels, tenant: string) =>
    `${member('cluster', labelValue(labels, 'cluster'))}${member('tenant', tenant)}"labels":{${labelMembers(labels)}},`,
  entry: (out, stream, { timestampNs, metadata, bytes, start, end }) => {
    out.ascii('{"@timestamp":"')
    out.ascii(rfc3339Nano(timestampNs))
    out.ascii('",')
    out.raw(stream)
    if (metadata.length > 0) out.json(`"metadata":{${labelMembers(metadata)}},`)
    out.ascii('"message":')
    out.text(bytes, start, end)
    out.ascii('}')
  },
}

/** Appends a field that has the value of a label, if there is one; returns which label it is. */
function writeAs(out: JsonBytes, field: string, labels: LabelTable, name: Buffer): number {
  const label = labels.find(name)
  if (label === -1) return label
  out.ascii(field)
  labels.writeValue(label, out)
  out.ascii(',')
  return label
}

const member = (name: string, value: string): string => (value === '' ? '' : `"${name}":${JSON.stringify(value)},`)

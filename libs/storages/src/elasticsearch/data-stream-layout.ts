import { labelValue, type Labels } from '@clymene/model'

import { clusterNamespace } from './data-stream.ts'
import { action, labelMembers, rfc3339Nano, valueFields, type Layout } from './layout.ts'

export const METRICS_DATA_STREAM = 'metrics-clymene.samples'
export const LOGS_DATA_STREAM = 'logs-clymene.lines'

/** The layout of our own: a data stream a cluster, labels as one `flattened` field, as the index templates of templates.ts say. */
export const dataStreamLayout: Layout = {
  metricAction: (labels) => action(`${METRICS_DATA_STREAM}-${clusterNamespace(labelValue(labels, 'cluster'))}`),
  logAction: (labels) => action(`${LOGS_DATA_STREAM}-${clusterNamespace(labelValue(labels, 'cluster'))}`),
  series: (labels, tenant) => {
    const name = labelValue(labels, '__name__')
    const others = labels.filter(([label]) => label !== '__name__')
    return `${member('name', name)}${shared(others, tenant)}`
  },
  sample: (series, sample) => `{"@timestamp":${sample.timestampMs},${series}${valueFields(sample)}}`,
  stream: shared,
  entry: (stream, { timestampNs, line, metadata }) => {
    const extra = metadata.length === 0 ? '' : `"metadata":{${labelMembers(metadata)}},`
    return `{"@timestamp":"${rfc3339Nano(timestampNs)}",${stream}${extra}"message":${JSON.stringify(line)}}`
  },
}

function shared(labels: Labels, tenant: string): string {
  return `${member('cluster', labelValue(labels, 'cluster'))}${member('tenant', tenant)}"labels":{${labelMembers(labels)}},`
}

const member = (name: string, value: string): string => (value === '' ? '' : `"${name}":${JSON.stringify(value)},`)

import { BytesIEC, Short } from '@grafana/grafana-foundation-sdk/units'

import { type Row, linkToPod } from './board.ts'
import { perContainer } from './pod-selectors.ts'
import { table } from './tables.ts'
import { warningsTable } from './warnings-table.ts'

const NAMESPACE = 'cluster="$cluster",namespace="$namespace"'
const CONTAINERS = `${NAMESPACE},container!="",container!="POD"`

/** What stands around the chosen pods. */
export const namespaceRow: Row = {
  id: 60,
  title: 'The namespace',
  panels: [
    table({
      id: 61,
      title: 'Top pods of $namespace',
      description: 'The pods of the namespace that use most CPU, and those that use most memory. A click on a pod shows it.',
      width: 12,
      height: 9,
      labels: ['pod'],
      sortBy: 'CPU cores',
      links: {
        pod: { title: 'This pod and its logs', url: linkToPod({ namespace: '${namespace}', pod: '${__data.fields.pod}' }) },
      },
      columns: [
        {
          name: 'CPU cores',
          unit: Short,
          expression: `topk(20, sum by (pod) (${perContainer(`rate(container_cpu_usage_seconds_total{${CONTAINERS}}[$__rate_interval])`)}))`,
        },
        {
          name: 'Memory',
          unit: BytesIEC,
          expression: `topk(20, sum by (pod) (${perContainer(`container_memory_working_set_bytes{${CONTAINERS}}`)}))`,
        },
      ],
    }),
    warningsTable({
      id: 62,
      title: 'Warning events of $namespace, last 5 minutes',
      description: 'What Kubernetes warns of about anything in the namespace, by object and reason. Empty when all is well.',
      width: 12,
      height: 9,
      of: `${NAMESPACE},job="kubernetes-events"`,
    }),
  ],
}

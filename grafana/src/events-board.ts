import { CountsPerMinute, CountsPerSecond, Short } from '@grafana/grafana-foundation-sdk/units'

import { EVENTS_BOARD, board, podOfRow } from './board.ts'
import { CLUSTERS } from './cluster-selectors.ts'
import { EVENTS_JOB, FAILURES, NO_EVENTS, TERMINATIONS_JOB } from './log-queries.ts'
import { type StatPanel, logVolume, logs, stat } from './panels.ts'
import { LOKI, logLines, logsNow, newestLines } from './queries.ts'
import { table } from './tables.ts'
import { dataSources, logFilter, logLevel, streamVariable } from './variables.ts'
import { warningsTable } from './warnings-table.ts'

/** Events of the chosen namespaces; of nodes and other objects without one where all are chosen. */
const EVENTS = `${CLUSTERS},namespace=~"$namespace"`
const STREAMS = `${EVENTS},app=~"$app",container=~"$container",stream=~"$stream",${NO_EVENTS}`
const LOGS = `{${STREAMS}} |~ \`(?i)(\${level:raw})\` |~ \`(?i)\${filter:raw}\``

/**
 * The kind of a line: from the word of the failure on, without what differs between lines of one kind, such as ids, numbers and quoted values.
 * Loki refuses a query that counts more than `max_query_series` kinds (500), also when `topk` stands around it.
 */
const PATTERN =
  '| regexp `(?P<failure>[A-Za-z]*(?i:error|exception|panic|fatal).*)`' +
  ' | label_format line=`{{ regexReplaceAll "[0-9a-fA-F]{8,}[-0-9a-fA-F]*|[0-9]+|\\"[^\\"]*\\"" .failure "…" | trunc 60 }}`'

const sixth = (panel: Omit<StatPanel, 'width' | 'height' | 'source'>) => stat({ ...panel, source: LOKI, width: 4, height: 4 })

const state = [
  sixth({
    id: 1,
    title: 'Warning events, 5 min',
    description: 'Warning events of the last five minutes. Empty: none, or no agent collects events.',
    unit: Short,
    warnings: [1, 20],
    whenEmpty: 'none',
    queries: [logsNow(`sum(count_over_time({${EVENTS},${EVENTS_JOB},type="Warning"} [5m]))`)],
  }),
  sixth({
    id: 2,
    title: 'Events, 5 min',
    description: 'All events of the last five minutes. Empty where no agent collects them.',
    unit: Short,
    whenEmpty: 'none',
    queries: [logsNow(`sum(count_over_time({${EVENTS},${EVENTS_JOB}} [5m]))`)],
  }),
  sixth({
    id: 3,
    title: 'Containers ended, 5 min',
    description: 'Ends of containers in the last five minutes, in peace or not. Empty: none, or no agent collects them.',
    unit: Short,
    whenEmpty: 'none',
    queries: [logsNow(`sum(count_over_time({${EVENTS},${TERMINATIONS_JOB}} [5m]))`)],
  }),
  sixth({
    id: 4,
    title: 'Lines',
    description: 'Log lines per second that pass level and filter, mean of the last five minutes.',
    unit: CountsPerSecond,
    queries: [logsNow(`sum(rate(${LOGS} [5m]))`)],
  }),
  sixth({
    id: 5,
    title: 'Lines of errors',
    description: 'Of these the lines per second that speak of an error, exception, panic or fatal end.',
    unit: CountsPerSecond,
    whenEmpty: 'none',
    queries: [logsNow(`sum(rate(${LOGS} |~ ${FAILURES} [5m]))`)],
  }),
  sixth({
    id: 6,
    title: 'Volume',
    description: 'Bytes of log lines per second that pass level and filter, as Loki counts them: what it has to store.',
    unit: 'Bps',
    queries: [logsNow(`sum(bytes_rate(${LOGS} [5m]))`)],
  }),
]

const events = {
  id: 10,
  title: 'Kubernetes events',
  panels: [
    logVolume({
      id: 11,
      title: 'Events by reason',
      description: 'Events per minute by reason. BackOff, FailedScheduling, Unhealthy and OOMKilling are what one looks for.',
      unit: CountsPerMinute,
      width: 12,
      height: 8,
      queries: [logLines(`sum by (reason) (rate({${EVENTS},${EVENTS_JOB}} [$__auto])) * 60`, '{{reason}}')],
    }),
    warningsTable({
      id: 12,
      title: 'Warning events of the last 5 minutes',
      description: 'What Kubernetes warns of, by object and reason. A click on a pod shows its resources and its log.',
      width: 12,
      height: 8,
      of: `${EVENTS},${EVENTS_JOB}`,
      severalClusters: true,
    }),
    logs({
      id: 13,
      title: 'Events',
      description: 'The newest events with their messages, for the time chosen: what kubectl get events shows, beyond its one hour.',
      width: 12,
      height: 10,
      queries: [newestLines(`{${EVENTS},${EVENTS_JOB}} | line_format \`{{.cluster}} {{__line__}}\``)],
    }),
    logs({
      id: 14,
      title: 'Ends of containers',
      description: 'How containers ended: reason, exit code and what they left as their termination message.',
      width: 12,
      height: 10,
      queries: [newestLines(`{${EVENTS},${TERMINATIONS_JOB}} | line_format \`{{.cluster}} {{__line__}}\``)],
    }),
  ],
}

const volume = {
  id: 20,
  title: 'Logs',
  panels: [
    logVolume({
      id: 21,
      title: 'Log lines by app',
      description: 'Lines that pass level and filter, by the label app. A burst or a silence is often the first sign.',
      unit: Short,
      width: 12,
      height: 8,
      queries: [logLines(`sum by (app) (count_over_time(${LOGS} [$__auto]))`, '{{app}}')],
    }),
    table({
      id: 22,
      title: 'Pods with most errors',
      description: 'The twenty pods with most lines of errors in the time chosen. A click on a pod shows its resources and its log.',
      width: 12,
      height: 8,
      labels: ['cluster', 'namespace', 'app', 'pod'],
      sortBy: 'Lines',
      links: {
        pod: podOfRow(true),
      },
      columns: [
        {
          name: 'Lines',
          unit: Short,
          source: 'loki',
          expression: `topk(20, sum by (cluster, namespace, app, pod) (count_over_time(${LOGS} |~ ${FAILURES} [$__range])))`,
        },
      ],
    }),
    table({
      id: 23,
      title: 'Most frequent errors',
      description:
        'Lines of errors that differ, from the word of the error on, only in numbers, ids and quoted values are one kind: the twenty most frequent kinds of the last five minutes. An error of Loki here means more kinds than its max_query_series (500 unless set): choose a namespace or an app.',
      width: 24,
      height: 8,
      labels: ['app', 'line'],
      sortBy: 'Lines',
      columns: [
        {
          name: 'Lines',
          unit: Short,
          source: 'loki',
          expression: `topk(20, sum by (app, line) (count_over_time(${LOGS} |~ ${FAILURES} ${PATTERN} [5m])))`,
        },
      ],
    }),
    logs({
      id: 24,
      title: 'Log',
      description:
        'The newest lines of what is chosen at the top, that pass level and filter, after the cluster, namespace and pod of each. A click on a line shows its labels.',
      width: 24,
      height: 16,
      queries: [newestLines(`${LOGS} | line_format \`{{.cluster}} {{.namespace}}/{{.pod}} {{__line__}}\``)],
    }),
  ],
}

const chosen = '{cluster=~"$cluster",namespace=~"$namespace"}'

export const eventsBoard = board({
  uid: EVENTS_BOARD,
  title: 'Clymene / Events and logs',
  description: 'What Kubernetes tells of several clusters, and all of their logs to look through.',
  variables: [
    ...dataSources(),
    streamVariable({
      name: 'cluster',
      title: 'Cluster',
      description: 'One cluster, several or all: the label `cluster` that each agent sets',
      streams: '',
    }),
    streamVariable({
      name: 'namespace',
      title: 'Namespace',
      description: 'Namespaces with logs or events; all means what has no namespace, too',
      streams: '{cluster=~"$cluster"}',
      all: '.*',
    }),
    streamVariable({
      name: 'app',
      title: 'App',
      description: 'Apps of the chosen namespaces, by the label `app` of their pods',
      streams: chosen,
      all: '.*',
    }),
    streamVariable({
      name: 'container',
      title: 'Container',
      description: 'Containers of the chosen apps',
      streams: `{cluster=~"$cluster",namespace=~"$namespace",app=~"$app"}`,
      all: '.*',
    }),
    streamVariable({
      name: 'stream',
      title: 'Stream',
      description: 'stdout or stderr, as the container runtime tells',
      streams: chosen,
      all: '.*',
    }),
    logLevel(),
    logFilter(),
  ],
  first: state,
  rows: [events, volume],
})

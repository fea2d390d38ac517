import { DatetimeISO, Short } from '@grafana/grafana-foundation-sdk/units'

import type { Annotation } from './annotations.ts'
import { type Row, linkToPod } from './board.ts'
import { logs } from './panels.ts'
import { ABOUT_POD, CONTAINERS, POD_CONTAINERS, POD_EVENTS, perContainer } from './pod-selectors.ts'
import { newestLines } from './queries.ts'
import { table } from './tables.ts'
import { warningsTable } from './warnings-table.ts'

/** How long before its end a container's last words are looked for. */
const BEFORE_SECONDS = 300
/** Kubernetes tells the end in whole seconds: what was written within that second belongs to it. */
const AFTER_SECONDS = 1

const ended = (seconds: string): string =>
  `(${perContainer(`kube_pod_container_status_last_terminated_timestamp{${POD_CONTAINERS}}`)} ${seconds}) * 1000`

/** Directly below the log: what happened to the pods. */
export const podEndsRow: Row = {
  id: 50,
  title: 'Restarts and events',
  panels: [
    table({
      id: 51,
      title: 'Last end of each container',
      description:
        'How the container before the present one ended. A click on a row’s time shows what it wrote in the five minutes before that: the log panel above then shows the previous container. Empty: none has ended.',
      width: 12,
      height: 7,
      labels: ['pod', 'container', 'reason'],
      sortBy: 'Ended',
      links: Object.fromEntries(
        ['Log from', 'Ended'].map((column) => [
          column,
          {
            title: 'Its last lines',
            url: linkToPod(
              { namespace: '${namespace}', pod: '${__data.fields.pod}', container: '${__data.fields.container}' },
              "from=${__data.fields['Log from'].numeric}&to=${__data.fields.Ended.numeric}",
            ),
          },
        ]),
      ),
      columns: [
        { name: 'Log from', unit: DatetimeISO, expression: ended(`- ${BEFORE_SECONDS}`) },
        { name: 'Ended', unit: DatetimeISO, expression: ended(`+ ${AFTER_SECONDS}`) },
        {
          name: 'Exit code',
          unit: Short,
          expression: perContainer(`kube_pod_container_status_last_terminated_exitcode{${POD_CONTAINERS}}`),
        },
        {
          name: 'Restarts',
          unit: Short,
          expression:
            `${perContainer(`kube_pod_container_status_restarts_total{${POD_CONTAINERS}}`)} * on (pod, container) group_right ()` +
            ` max by (pod, container, reason) (kube_pod_container_status_last_terminated_reason{${POD_CONTAINERS}})`,
        },
      ],
    }),
    warningsTable({
      id: 52,
      title: 'Warning events of the last 5 minutes',
      description: 'What Kubernetes warns of about the chosen pods: BackOff, Unhealthy, FailedScheduling. Empty when all is well.',
      width: 12,
      height: 7,
      of: POD_EVENTS,
      filter: ABOUT_POD,
    }),
    logs({
      id: 53,
      title: 'Events of $pod',
      description: 'The newest events of the chosen pods with their messages: what kubectl describe shows at its end, beyond its one hour.',
      width: 12,
      height: 9,
      queries: [newestLines(`{${POD_EVENTS}} ${ABOUT_POD}`)],
    }),
    logs({
      id: 54,
      title: 'Ends of containers of $pod',
      description: 'Every end of a container that the agent saw: reason, exit code, and its termination message.',
      width: 12,
      height: 9,
      queries: [newestLines(`{${POD_CONTAINERS},job="kubernetes-terminations"}`)],
    }),
  ],
}

export const podAnnotations: readonly Annotation[] = [
  {
    name: 'Restarts',
    color: 'orange',
    expression: `${perContainer(`increase(kube_pod_container_status_restarts_total{${POD_CONTAINERS}}[$__rate_interval])`)} > 0`,
    text: '{{pod}} {{container}} was started again',
    tags: ['pod', 'container'],
    shown: true,
  },
  {
    name: 'Killed for want of memory',
    color: 'red',
    expression: `${perContainer(`increase(container_oom_events_total{${CONTAINERS}}[$__rate_interval])`)} > 0`,
    text: '{{pod}} {{container}}',
    tags: ['pod', 'container'],
    shown: true,
  },
  { name: 'Warning events', source: 'loki', color: 'yellow', expression: `{${POD_EVENTS},type="Warning"} ${ABOUT_POD}`, tags: ['reason'] },
  {
    name: 'Rollouts of the namespace',
    source: 'loki',
    color: 'blue',
    expression: '{cluster="$cluster",namespace="$namespace",job="kubernetes-events",reason="ScalingReplicaSet"}',
    tags: ['reason'],
  },
]

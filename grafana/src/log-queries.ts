import { CLUSTERS } from './cluster-selectors.ts'

/** What a line that speaks of a failure says. */
export const FAILURES = '`(?i)(error|exception|panic|fatal)`'

/** Events and ends of containers are told in the words of the cluster: they are no logs of pods. */
export const NO_EVENTS = 'job!~"kubernetes-(events|terminations)"'

/** Logs of pods of the chosen clusters. */
export const POD_LOGS = `${CLUSTERS},pod!="",${NO_EVENTS}`

/** Events of the cluster's objects, as the agent's `--events.kubernetes` makes them. */
export const EVENTS_JOB = 'job="kubernetes-events"'

/** Ends of containers, as `--events.terminations` makes them. */
export const TERMINATIONS_JOB = 'job="kubernetes-terminations"'

/** Of an event about a pod the pod, of any other the kind and name of the object. */
export const NAMED_OBJECT =
  '| label_format pod=`{{if eq .kind "Pod"}}{{.name}}{{end}}`, object=`{{if ne .kind "Pod"}}{{.kind}} {{.name}}{{end}}`'

/** The chosen clusters: one, several or all. */
export const CLUSTERS = 'cluster=~"$cluster"'

/** As cAdvisor names containers, without the pod as a whole and what holds its network under Docker. */
export const CLUSTER_CONTAINERS = `${CLUSTERS},container!="",container!="POD"`

/** Each container, node, pod once, also where two jobs scrape an exporter or two replicas of kube-state-metrics answer. */
export const perContainer = (series: string): string => `max by (cluster, namespace, pod, container) (${series})`
export const perNode = (series: string): string => `max by (cluster, node) (${series})`
export const perPod = (series: string): string => `max by (cluster, namespace, pod) (${series})`

/** Not of pods that have ended: their requests are listed until they are deleted, but hold nothing. */
const WHILE_RUNNING = `* on (cluster, namespace, pod) group_left () ${perPod(`kube_pod_status_phase{${CLUSTERS},phase=~"Pending|Running"}`)}`

/** What the pods of each cluster asked for, as a share of what its nodes can give. */
export const committed = (resource: string): string =>
  `sum by (cluster) (${perContainer(`kube_pod_container_resource_requests{${CLUSTERS},resource="${resource}"}`)} ${WHILE_RUNNING})` +
  ` / sum by (cluster) (${perNode(`kube_node_status_allocatable{${CLUSTERS},resource="${resource}"}`)})`

/** A number for each cluster, also where nothing is counted. */
export const orZero = (counted: string): string => `${counted} or 0 * max by (cluster) (kube_node_info{${CLUSTERS}})`

/** When a target of the cluster was scraped last, seconds since the epoch. */
const LATEST = `max by (cluster) (timestamp(up{${CLUSTERS}}))`

/**
 * Seconds since the last sample of each cluster that sent one within a day. Prometheus itself forgets a series after five minutes; steps of
 * five minutes see each sample of the day, so that a cluster that is away stays in sight with the time of its last one.
 */
export const SILENT_SECONDS = `time() - (${LATEST} or max_over_time(${LATEST}[1d:5m]))`

export const CPU_USED = `1 - avg by (cluster) (rate(node_cpu_seconds_total{${CLUSTERS},mode="idle"}[$__rate_interval]))`

const memory = (name: string): string => `sum by (cluster) (max by (cluster, instance) (node_memory_${name}_bytes{${CLUSTERS}}))`
export const MEMORY_USED = `1 - ${memory('MemAvailable')} / ${memory('MemTotal')}`

export const NOT_READY = `sum by (cluster) (1 - ${perNode(`kube_node_status_condition{${CLUSTERS},condition="Ready",status="true"}`)})`

export const RUNNING_PODS = `sum by (cluster) (${perPod(`kube_pod_status_phase{${CLUSTERS},phase="Running"}`)})`

export const CRASH_LOOPS = orZero(
  `sum by (cluster) (${perContainer(`kube_pod_container_status_waiting_reason{${CLUSTERS},reason="CrashLoopBackOff"}`)})`,
)

export const SAMPLES = `sum by (cluster) (rate(clymene_agent_scraped_samples_total{${CLUSTERS}}[$__rate_interval]))`

/** What a rule may ask for: our own metrics, as docs/metrics.md has them, and those of exporters, with their labels. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Labels that the jobs of k8s/clymene-metrics/2.clymene_agent.yaml give to every series, and to those of pods. */
const TARGET = ['cluster', 'instance', 'job']
const POD = [...TARGET, 'namespace', 'app', 'kubernetes_pod_name']

/** By the documentation of node-exporter 1, kube-state-metrics 2, cAdvisor and the kubelet. */
const EXPORTERS: Readonly<Record<string, readonly string[]>> = {
  up: POD,
  node_cpu_seconds_total: [...TARGET, 'cpu', 'mode'],
  node_filesystem_avail_bytes: [...TARGET, 'device', 'fstype', 'mountpoint'],
  node_filesystem_size_bytes: [...TARGET, 'device', 'fstype', 'mountpoint'],
  node_filesystem_readonly: [...TARGET, 'device', 'fstype', 'mountpoint'],
  node_filesystem_files: [...TARGET, 'device', 'fstype', 'mountpoint'],
  node_filesystem_files_free: [...TARGET, 'device', 'fstype', 'mountpoint'],
  node_memory_MemAvailable_bytes: TARGET,
  node_memory_MemTotal_bytes: TARGET,
  kube_node_info: [...TARGET, 'node', 'os_image'],
  kube_node_status_condition: [...TARGET, 'node', 'condition', 'status'],
  kube_node_status_allocatable: [...TARGET, 'node', 'resource', 'unit'],
  kube_pod_info: [...TARGET, 'namespace', 'pod', 'node'],
  kube_pod_status_phase: [...TARGET, 'namespace', 'pod', 'phase'],
  kube_pod_status_ready: [...TARGET, 'namespace', 'pod', 'condition'],
  kube_pod_container_resource_requests: [...TARGET, 'namespace', 'pod', 'container', 'node', 'resource', 'unit'],
  kube_pod_container_status_restarts_total: [...TARGET, 'namespace', 'pod', 'container'],
  kube_pod_container_status_last_terminated_reason: [...TARGET, 'namespace', 'pod', 'container', 'reason'],
  kube_pod_container_status_waiting_reason: [...TARGET, 'namespace', 'pod', 'container', 'reason'],
  kube_pod_container_resource_limits: [...TARGET, 'namespace', 'pod', 'container', 'node', 'resource', 'unit'],
  container_cpu_usage_seconds_total: [...TARGET, 'namespace', 'pod', 'container'],
  container_memory_working_set_bytes: [...TARGET, 'namespace', 'pod', 'container'],
  container_cpu_cfs_periods_total: [...TARGET, 'namespace', 'pod', 'container'],
  container_cpu_cfs_throttled_periods_total: [...TARGET, 'namespace', 'pod', 'container'],
  kubelet_volume_stats_used_bytes: [...TARGET, 'namespace', 'persistentvolumeclaim'],
  kubelet_volume_stats_capacity_bytes: [...TARGET, 'namespace', 'persistentvolumeclaim'],
}

/** Labels by name of the metric. */
export function knownMetrics(): ReadonlyMap<string, readonly string[]> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')
  const own = [...page.matchAll(/^\| `(clymene_\w+)` *\| (\w+) *\| ([^|]*)\|/gm)].flatMap(([, name = '', type, labels = '']) => {
    const named = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => (POD.includes(label) ? `exported_${label}` : label))
    const names = type === 'histogram' ? ['bucket', 'count', 'sum'].map((part) => `${name}_${part}`) : [name]
    return names.map((one): [string, readonly string[]] => [one, [...POD, ...named, ...(type === 'histogram' ? ['le'] : [])]])
  })
  return new Map([...Object.entries(EXPORTERS), ...own])
}

import type { RunningPod } from '../node/pod.ts'
import { createExposition } from './exposition.ts'

export type KubeletOptions = {
  readonly node: string
  readonly version: string
  readonly startedAt: number
  readonly pods: readonly RunningPod[]
  /** Pods that were started since the kubelet was, and how long each start took, in seconds. */
  readonly starts: readonly number[]
}

/** The part of the kubelet's /metrics that boards ask for, of the pods that run here. */
export function kubeletBody({ node, version, startedAt, pods, starts }: KubeletOptions): string {
  const body = createExposition()
  const running = pods.flatMap(({ containers }) => [...containers.values()].filter((container) => (container.running?.pid() ?? 0) > 0))
  body.add('kubelet_node_name', 'gauge', { node }, 1)
  body.add('kubernetes_build_info', 'gauge', { git_version: version, major: '1', minor: version.split('.')[1] ?? '' }, 1)
  body.add('kubelet_running_pods', 'gauge', {}, pods.length)
  body.add('kubelet_running_containers', 'gauge', { container_state: 'running' }, running.length)
  histogram('kubelet_pod_start_duration_seconds', starts, [0.5, 1, 2, 5, 10, 30, 60])
  histogram(
    'kubelet_pleg_relist_duration_seconds',
    Array.from({ length: Math.floor((Date.now() - startedAt) / 1000) }, () => 0.005),
    [0.005, 0.01, 0.1, 1],
  )
  for (const { pod } of pods)
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.persistentVolumeClaim === undefined) continue
      const labels = { namespace: pod.metadata.namespace ?? '', persistentvolumeclaim: volume.persistentVolumeClaim.claimName }
      body.add('kubelet_volume_stats_capacity_bytes', 'gauge', labels, 10 * 2 ** 30)
      body.add('kubelet_volume_stats_used_bytes', 'gauge', labels, 2 ** 20)
      body.add('kubelet_volume_stats_available_bytes', 'gauge', labels, 10 * 2 ** 30 - 2 ** 20)
    }
  const { user, system } = process.cpuUsage()
  body.add('process_cpu_seconds_total', 'counter', {}, (user + system) / 1e6)
  body.add('process_resident_memory_bytes', 'gauge', {}, process.memoryUsage.rss())
  body.add('process_start_time_seconds', 'gauge', {}, startedAt / 1000)
  return body.text()

  function histogram(name: string, values: readonly number[], bounds: readonly number[]): void {
    for (const bound of [...bounds, Number.POSITIVE_INFINITY]) {
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound)
      body.add(name, 'histogram', { le }, values.filter((value) => value <= bound).length, '_bucket')
    }
    body.add(
      name,
      'histogram',
      {},
      values.reduce((sum, value) => sum + value, 0),
      '_sum',
    )
    body.add(name, 'histogram', {}, values.length, '_count')
  }
}

/**
 * A cluster as its exporters tell of it: bodies of the kubelet, of its cAdvisor (cgroup v2, CRI) and of kube-state-metrics 2,
 * each with the names and labels that these document. Counters grow by the second.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ServedPod = { readonly namespace: string; readonly name: string; readonly container: string; readonly claim?: string }

export type ServedCluster = {
  readonly node: string
  readonly pods: readonly ServedPod[]
  /** When it began, milliseconds since 1970. */
  readonly startedAt: number
}

/** Answers under /cadvisor, /kubelet and /state. */
export async function serveExporters(cluster: ServedCluster): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  const bodies = new Map([
    ['/cadvisor', cadvisorBody],
    ['/kubelet', kubeletBody],
    ['/state', kubeStateMetricsBody],
  ])
  const server = createServer((request, response) => {
    const body = bodies.get(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'text/plain; version=0.0.4' }).end(body?.(cluster))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
  const { port } = server.address() as AddressInfo
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { address: `127.0.0.1:${port}`, stop }
}

const CORES = 2
const MEMORY = 4 * 2 ** 30
const LIMIT = { cpu: 0.5, memory: 256 * 2 ** 20 }
const REQUEST = { cpu: 0.1, memory: 64 * 2 ** 20 }

function cadvisorBody({ pods, startedAt }: ServedCluster): string {
  const seconds = (Date.now() - startedAt) / 1000
  return pods
    .flatMap(({ namespace, name, container }, at) => {
      const whole = `namespace="${namespace}",pod="${name}",id="/kubepods.slice/kubepods-pod${at}.slice"`
      const ofContainer = `container="${container}",image="registry/${container}:1",name="c${at}",${whole}`
      const ofPod = `container="",image="",name="",${whole}`
      const used = [
        ['container_cpu_usage_seconds_total', 0.05 * (at + 1) * seconds],
        ['container_memory_working_set_bytes', (at + 1) * 2 ** 25],
        ['container_memory_rss', (at + 1) * 2 ** 24],
        ['container_memory_cache', (at + 1) * 2 ** 22],
        ['container_threads', at + 3],
        ['container_oom_events_total', 0],
        ['container_cpu_cfs_periods_total', 10 * seconds],
        ['container_cpu_cfs_throttled_periods_total', 2 * seconds],
      ] as const
      const disk = [
        ['container_fs_reads_bytes_total', 4096 * seconds],
        ['container_fs_writes_bytes_total', 8192 * seconds],
        ['container_fs_reads_total', seconds],
        ['container_fs_writes_total', 2 * seconds],
      ] as const
      const network = ['receive', 'transmit'].flatMap(
        (way) =>
          [
            [`container_network_${way}_bytes_total`, 1000 * (at + 1) * seconds],
            [`container_network_${way}_packets_dropped_total`, 0],
            [`container_network_${way}_errors_total`, 0],
          ] as const,
      )
      return [
        // The slice of the pod counts what its containers do once more.
        ...used.flatMap(([metric, value]) => [`${metric}{${ofContainer}} ${value}`, `${metric}{${ofPod}} ${value}`]),
        ...disk.map(([metric, value]) => `${metric}{device="/dev/vda",${ofContainer}} ${value}`),
        ...network.map(([metric, value]) => `${metric}{interface="eth0",${ofPod}} ${value}`),
      ]
    })
    .join('\n')
    .concat('\n')
}

function kubeletBody({ pods }: ServedCluster): string {
  return [
    `kubelet_running_pods ${pods.length}`,
    ...pods.flatMap(({ namespace, claim }) => {
      const labels = `namespace="${namespace}",persistentvolumeclaim="${claim}"`
      return claim === undefined
        ? []
        : [`kubelet_volume_stats_capacity_bytes{${labels}} ${2 ** 30}`, `kubelet_volume_stats_used_bytes{${labels}} ${2 ** 28}`]
    }),
    '',
  ].join('\n')
}

function kubeStateMetricsBody({ node, pods, startedAt }: ServedCluster): string {
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].flatMap((condition) =>
    ['true', 'false', 'unknown'].map(
      (status) =>
        `kube_node_status_condition{node="${node}",condition="${condition}",status="${status}"} ${Number((condition === 'Ready') === (status === 'true') && status !== 'unknown')}`,
    ),
  )
  return [
    `kube_node_info{node="${node}",kubelet_version="v1.35.0",internal_ip="10.0.0.1"} 1`,
    `kube_node_status_allocatable{node="${node}",resource="cpu",unit="core"} ${CORES}`,
    `kube_node_status_allocatable{node="${node}",resource="memory",unit="byte"} ${MEMORY}`,
    ...conditions,
    ...pods.flatMap((pod, at) => podState(pod, node, startedAt, at)),
    '',
  ].join('\n')
}

function podState({ namespace, name, container, claim }: ServedPod, node: string, startedAt: number, at: number): readonly string[] {
  const ofPod = `namespace="${namespace}",pod="${name}",uid="uid-${at}"`
  const ofContainer = `${ofPod},container="${container}"`
  const resources = [
    ['cpu', 'core'],
    ['memory', 'byte'],
  ] as const
  return [
    `kube_pod_info{${ofPod},node="${node}",host_ip="10.0.0.1",pod_ip="10.1.0.${at + 1}",created_by_kind="ReplicaSet"} 1`,
    `kube_pod_start_time{${ofPod}} ${startedAt / 1000}`,
    ...['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'].map(
      (phase) => `kube_pod_status_phase{${ofPod},phase="${phase}"} ${Number(phase === 'Running')}`,
    ),
    `kube_pod_container_info{${ofContainer},image="registry/${container}:1"} 1`,
    `kube_pod_container_status_ready{${ofContainer}} ${Number(at === 0)}`,
    `kube_pod_container_status_restarts_total{${ofContainer}} ${at}`,
    // All but the first end and are started again, over and over.
    ...(at === 0
      ? []
      : [
          `kube_pod_container_status_last_terminated_reason{${ofContainer},reason="OOMKilled"} 1`,
          `kube_pod_container_status_waiting_reason{${ofContainer},reason="CrashLoopBackOff"} 1`,
        ]),
    ...resources.flatMap(([resource, unit]) => [
      `kube_pod_container_resource_requests{${ofContainer},node="${node}",resource="${resource}",unit="${unit}"} ${REQUEST[resource]}`,
      `kube_pod_container_resource_limits{${ofContainer},node="${node}",resource="${resource}",unit="${unit}"} ${LIMIT[resource]}`,
    ]),
    ...(claim === undefined
      ? []
      : [`kube_pod_spec_volumes_persistentvolumeclaims_info{${ofPod},volume="disk",persistentvolumeclaim="${claim}"} 1`]),
  ]
}

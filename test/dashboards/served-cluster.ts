/**
 * A cluster as its exporters tell of it: bodies of the kubelet, of its cAdvisor (cgroup v2) and of kube-state-metrics 2,
 * each with the names and labels that these document (docs/metrics of kube-state-metrics, docs/storage/prometheus.md of cAdvisor, the kubelet's
 * reference of metrics). Counters grow by the second. All pods but the first were started again: cAdvisor
 * still lists their ended container. Pods that moved are listed at their old node, too.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ServedPod = {
  readonly namespace: string
  readonly name: string
  readonly container: string
  readonly claims?: readonly string[]
  /** What made it; default a ReplicaSet of the Deployment that is called as its container. */
  readonly owner?: { readonly kind: string; readonly name: string } | 'nobody'
  /** The node where a pod of this name, as of a StatefulSet, was before. */
  readonly movedFrom?: string
}

export type ServedCluster = {
  readonly node: string
  readonly pods: readonly ServedPod[]
  /** When it began, milliseconds since 1970. */
  readonly startedAt: number
}

/**
 * Answers under /cadvisor, /kubelet and /state; under /cadvisor-left as the node that moved pods have left, under /state-late as a
 * replica of kube-state-metrics that has not seen the moves yet; under /file-systems as node-exporter of a system that is an image: /usr is
 * full and read-only, and a disk becomes read-only after the first answer.
 */
export async function serveExporters(cluster: ServedCluster): Promise<{ readonly address: string; readonly stop: () => Promise<void> }> {
  let looks = 0
  const bodies = new Map<string, (cluster: ServedCluster) => string>([
    ['/cadvisor', cadvisorBody],
    ['/kubelet', kubeletBody],
    ['/state', kubeStateMetricsBody],
    ['/cadvisor-left', leftBehindBody],
    ['/state-late', lateStateBody],
    ['/file-systems', () => fileSystemsBody(looks++ > 0)],
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
const PODS = 110
const LIMIT = { cpu: 0.5, memory: 256 * 2 ** 20 }
const REQUEST = { cpu: 0.1, memory: 64 * 2 ** 20 }

/** What an ended container had counted. */
const ENDED_AFTER_SECONDS = 60

const cadvisorBody = ({ pods, startedAt }: ServedCluster): string =>
  body(pods.flatMap((pod, at) => podUse(pod, at, (Date.now() - startedAt) / 1000)))

const leftBehindBody = ({ pods }: ServedCluster): string =>
  body(pods.flatMap((pod, at) => (pod.movedFrom === undefined ? [] : podUse(pod, at, ENDED_AFTER_SECONDS))))

const body = (lines: readonly string[]): string => lines.join('\n').concat('\n')

function podUse({ namespace, name, container }: ServedPod, at: number, seconds: number): readonly string[] {
  const whole = `namespace="${namespace}",pod="${name}",id="/kubepods.slice/kubepods-pod${at}.slice"`
  const ofPod = `container="",image="",name="",${whole}`
  const one = (called: string, id: string): string => `container="${called}",image="registry/${called}:1",name="${id}",${whole}`
  const containers = [
    [one(container, `c${at}`), seconds],
    // Under Docker a container holds the network of the pod.
    [one('POD', `p${at}`), seconds],
    ...(at === 0 ? [] : ([[one(container, `c${at}-ended`), ENDED_AFTER_SECONDS]] as const)),
  ] as const
  return [
    ...containers.flatMap(([labels, ran]) => [...used(labels, at, ran), ...diskUse(labels, ran)]),
    // The slice of the pod counts what its containers do once more.
    ...used(ofPod, at, seconds),
    ...['receive', 'transmit'].flatMap((way) => [
      `container_network_${way}_bytes_total{interface="eth0",${ofPod}} ${1000 * (at + 1) * seconds}`,
      `container_network_${way}_packets_dropped_total{interface="eth0",${ofPod}} 0`,
      `container_network_${way}_errors_total{interface="eth0",${ofPod}} 0`,
    ]),
  ]
}

const used = (labels: string, at: number, seconds: number): readonly string[] => [
  `container_cpu_usage_seconds_total{${labels}} ${0.05 * (at + 1) * seconds}`,
  `container_memory_working_set_bytes{${labels}} ${(at + 1) * 2 ** 25}`,
  `container_memory_rss{${labels}} ${(at + 1) * 2 ** 24}`,
  `container_memory_cache{${labels}} ${(at + 1) * 2 ** 22}`,
  `container_threads{${labels}} ${at + 3}`,
  `container_oom_events_total{${labels}} 0`,
  `container_cpu_cfs_periods_total{${labels}} ${10 * seconds}`,
  `container_cpu_cfs_throttled_periods_total{${labels}} ${2 * seconds}`,
]

const diskUse = (labels: string, seconds: number): readonly string[] => [
  `container_fs_reads_bytes_total{device="/dev/vda",${labels}} ${4096 * seconds}`,
  `container_fs_writes_bytes_total{device="/dev/vda",${labels}} ${8192 * seconds}`,
  `container_fs_reads_total{device="/dev/vda",${labels}} ${seconds}`,
  `container_fs_writes_total{device="/dev/vda",${labels}} ${2 * seconds}`,
]

function fileSystemsBody(broken: boolean): string {
  const usr = 'device="/dev/dm-0",mountpoint="/usr",fstype="ext4"'
  const disk = 'device="/dev/sdb",mountpoint="/data",fstype="ext4"'
  return body([
    ...[usr, disk].flatMap((one) => [
      `node_filesystem_size_bytes{${one}} ${2 ** 30}`,
      `node_filesystem_avail_bytes{${one}} 0`,
      `node_filesystem_files{${one}} 1000`,
      `node_filesystem_files_free{${one}} 0`,
      `node_filesystem_device_error{${one}} 0`,
    ]),
    `node_filesystem_readonly{${usr}} 1`,
    `node_filesystem_readonly{${disk}} ${Number(broken)}`,
  ])
}

function kubeletBody({ pods }: ServedCluster): string {
  const claims = new Set(pods.flatMap(({ namespace, claims: claimed = [] }) => claimed.map((claim) => labelsOfClaim(namespace, claim))))
  return body([
    `kubelet_running_pods ${pods.length}`,
    ...[...claims].flatMap((labels) => [
      `kubelet_volume_stats_capacity_bytes{${labels}} ${2 ** 30}`,
      `kubelet_volume_stats_used_bytes{${labels}} ${2 ** 28}`,
    ]),
  ])
}

const labelsOfClaim = (namespace: string, claim: string): string => `namespace="${namespace}",persistentvolumeclaim="${claim}"`

const lateStateBody = (cluster: ServedCluster): string => kubeStateMetricsBody(cluster, true)

function kubeStateMetricsBody({ node, pods, startedAt }: ServedCluster, late = false): string {
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].flatMap((condition) =>
    ['true', 'false', 'unknown'].map(
      (status) =>
        `kube_node_status_condition{node="${node}",condition="${condition}",status="${status}"} ${Number((condition === 'Ready') === (status === 'true') && status !== 'unknown')}`,
    ),
  )
  return body([
    `kube_node_info{node="${node}",kubelet_version="v1.35.0",internal_ip="10.0.0.1"} 1`,
    `kube_node_status_allocatable{node="${node}",resource="cpu",unit="core"} ${CORES}`,
    `kube_node_status_allocatable{node="${node}",resource="memory",unit="byte"} ${MEMORY}`,
    `kube_node_status_allocatable{node="${node}",resource="pods",unit="integer"} ${PODS}`,
    ...conditions,
    ...pods.flatMap((pod, at) => {
      const before = late ? pod.movedFrom : undefined
      return before === undefined
        ? podState(pod, { node, uid: `uid-${at}`, startedAt, at })
        : podState(pod, { node: before, uid: `uid-${at}-before`, startedAt: startedAt - 3_600_000, at })
    }),
  ])
}

type PodLife = { readonly node: string; readonly uid: string; readonly startedAt: number; readonly at: number }

function podState({ namespace, name, container, claims = [], owner }: ServedPod, { node, uid, startedAt, at }: PodLife): readonly string[] {
  const ofPod = `namespace="${namespace}",pod="${name}",uid="${uid}"`
  const ofContainer = `${ofPod},container="${container}"`
  // Of a pod that nobody made kube-state-metrics 2 has the series all the same, with labels that are empty.
  const nobody = { kind: '', name: '' }
  const { kind, name: made } = owner === 'nobody' ? nobody : (owner ?? { kind: 'ReplicaSet', name: `${container}-6d4cf56db6` })
  const endedAt = Math.floor(startedAt / 1000) + ENDED_AFTER_SECONDS
  const resources = [
    ['cpu', 'core'],
    ['memory', 'byte'],
  ] as const
  return [
    `kube_pod_info{${ofPod},node="${node}",host_ip="10.0.0.1",pod_ip="10.1.0.${at + 1}",created_by_kind="${kind}",created_by_name="${made}"} 1`,
    `kube_pod_owner{${ofPod},owner_kind="${kind}",owner_name="${made}",owner_is_controller="${kind === '' ? '' : 'true'}"} 1`,
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
          `kube_pod_container_status_last_terminated_exitcode{${ofContainer}} 137`,
          `kube_pod_container_status_last_terminated_timestamp{${ofContainer}} ${endedAt}`,
          `kube_pod_container_status_waiting_reason{${ofContainer},reason="CrashLoopBackOff"} 1`,
        ]),
    ...resources.flatMap(([resource, unit]) => [
      `kube_pod_container_resource_requests{${ofContainer},node="${node}",resource="${resource}",unit="${unit}"} ${REQUEST[resource]}`,
      `kube_pod_container_resource_limits{${ofContainer},node="${node}",resource="${resource}",unit="${unit}"} ${LIMIT[resource]}`,
    ]),
    ...claims.map(
      (claim) => `kube_pod_spec_volumes_persistentvolumeclaims_info{${ofPod},volume="${claim}",persistentvolumeclaim="${claim}"} 1`,
    ),
  ]
}

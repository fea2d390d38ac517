/**
 * A node: it runs in namespaces of its own (network, mounts, names, processes), joins the cluster, runs the pods that are
 * bound to it, forwards Services and serves what a kubelet serves. It ends with the process that started it, and
 * everything in it ends with it. The only argument is a file with NodeConfig.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

import { type ApiAccess, ApiError, createApi, podPath } from '../api.ts'
import { cadvisorBody } from '../bodies/cadvisor.ts'
import { kubeletBody } from '../bodies/kubelet.ts'
import type { Images } from '../images.ts'
import type { EndpointSlice, Pod, Service, Taint } from '../objects.ts'
import { serveNames } from './dns.ts'
import { KUBELET_PORT, serveKubelet } from './kubelet-server.ts'
import { addressing, setUpNode } from './network.ts'
import { runPod, type RunningPod } from './pod.ts'
import { createServiceProxy } from './service-proxy.ts'

export type NodeConfig = {
  readonly name: string
  readonly octet: number
  readonly index: number
  /** How many nodes the cluster has. */
  readonly nodes: number
  readonly access: ApiAccess
  readonly version: string
  readonly directory: string
  readonly images: Images
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
}

const MAX_PODS = '110'

const [, , file = ''] = process.argv
const config: NodeConfig = JSON.parse(readFileSync(file, 'utf8'))
const { name, octet, index, directory } = config
const { node, dns, podNetwork } = addressing(octet)
const address = node(index)
const startedAt = Date.now()

execFileSync('hostname', [name])
await setUpNode(octet, index, config.nodes)
const hostRoot = join(directory, 'host')
for (const folder of ['var/log/pods', 'etc', 'proc', 'sys', 'root', 'tmp']) mkdirSync(join(hostRoot, folder), { recursive: true })
for (const folder of ['proc', 'sys']) execFileSync('mount', ['--rbind', `/${folder}`, join(hostRoot, folder)])
writeFileSync(join(hostRoot, 'etc/hostname'), `${name}\n`)

const api = createApi(config.access)
const proxy = createServiceProxy()
const running = new Map<string, RunningPod>()
const ending = new Set<string>()
const starts: number[] = []
let pods = 0

await serveNames(dns, proxy)
await serveKubelet({ address, ...makeCertificate(), clientAuthority: config.access.caFile, pages: pages() })
await register()
const forEver = new AbortController().signal
await Promise.all([
  api.follow<Service>('/api/v1/services', (services) => proxy.setServices(services.values()), forEver),
  api.follow<EndpointSlice>('/apis/discovery.k8s.io/v1/endpointslices', (slices) => proxy.setSlices(slices.values()), forEver),
  api.follow<Pod>(`/api/v1/pods?fieldSelector=spec.nodeName%3D${name}`, followPods, forEver),
])

function followPods(bound: ReadonlyMap<string, Pod>): void {
  for (const [uid, pod] of bound) {
    const { deletionTimestamp, deletionGracePeriodSeconds = 30 } = pod.metadata
    if (deletionTimestamp !== undefined) void end(uid, deletionGracePeriodSeconds, pod)
    else if (!running.has(uid) && !ending.has(uid)) start(uid, pod)
  }
  for (const uid of running.keys()) if (!bound.has(uid)) void end(uid, 0)
}

function start(uid: string, pod: Pod): void {
  running.set(
    uid,
    runPod(pod, {
      ...config,
      api,
      address,
      directory: join(directory, 'pods'),
      hostRoot,
      services: proxy.services,
      nextNumber: () => pods++,
    }),
  )
  starts.push((Date.now() - Date.parse(pod.metadata.creationTimestamp)) / 1000)
}

async function end(uid: string, graceSeconds: number, pod?: Pod): Promise<void> {
  if (ending.has(uid)) return
  ending.add(uid)
  await running.get(uid)?.stop(graceSeconds)
  running.delete(uid)
  if (pod !== undefined) await remove(pod)
  ending.delete(uid)
}

/** Tells the API server that nothing of the pod is left. */
async function remove({ metadata }: Pod): Promise<void> {
  const options = { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } }
  await api.send('DELETE', podPath(metadata.namespace ?? '', metadata.name), options).catch((error: unknown) => {
    if (!(error instanceof ApiError)) process.stderr.write(`${String(error)}\n`)
  })
}

function pages(): Record<string, () => string> {
  return {
    '/healthz': () => 'ok',
    '/metrics': () => kubeletBody({ node: name, version: config.version, startedAt, pods: [...running.values()], starts }),
    '/metrics/cadvisor': () => cadvisorBody(running.values()),
    // Not the kubelet's: who runs what, for the tests. Ids are those of the node's /proc.
    '/stand-in/processes': () =>
      JSON.stringify(
        [...running.values()].flatMap(({ pod, containers }) =>
          [...containers].map(([container, { running: process }]) => ({
            namespace: pod.metadata.namespace,
            pod: pod.metadata.name,
            container,
            pid: process?.pid() ?? 0,
          })),
        ),
      ),
  }
}

/** Signed by itself, as a kubelet's is unless somebody gives it another. */
function makeCertificate(): { certificate: string; key: string } {
  const [certificate, key] = [join(directory, 'kubelet.crt'), join(directory, 'kubelet.key')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:${address}`]
  const options = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
    '-keyout',
    key,
    '-out',
    certificate,
  ]
  execFileSync('openssl', ['req', ...options, ...subject], { stdio: 'ignore' })
  return { certificate, key }
}

async function register(): Promise<void> {
  const capacity = { cpu: String(cpus().length), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: MAX_PODS }
  const now = new Date().toISOString()
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady' },
    ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({ type, status: 'False', reason: 'KubeletHasSufficient' })),
  ].map((condition) => ({ ...condition, message: '', lastHeartbeatTime: now, lastTransitionTime: now }))
  await api.send('POST', '/api/v1/nodes', {
    metadata: {
      name,
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', ...config.labels },
    },
    spec: { podCIDR: podNetwork(index), taints: config.taints },
  })
  // A new node is given the taint of one that is not ready.
  await api.patch(`/api/v1/nodes/${name}`, { spec: { taints: config.taints } })
  await api.patch(`/api/v1/nodes/${name}/status`, {
    status: {
      capacity,
      allocatable: capacity,
      conditions,
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: name,
        kernelVersion: release(),
        osImage: 'stand-in',
        containerRuntimeVersion: 'stand-in://1',
        kubeletVersion: config.version,
        kubeProxyVersion: config.version,
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  })
}

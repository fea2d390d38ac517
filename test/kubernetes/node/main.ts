/**
 * A node: it runs in namespaces of its own (network, mounts, names, processes), joins the cluster, runs the pods that are
 * bound to it, forwards Services and serves what a kubelet serves. It ends with the process that started it, and
 * everything in it ends with it. The only argument is a file with NodeConfig.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ApiError, createApi, podPath } from '../api.ts'
import { cadvisorBody } from '../bodies/cadvisor.ts'
import { kubeletBody } from '../bodies/kubelet.ts'
import type { EndpointSlice, Pod, Service } from '../objects.ts'
import { readLog } from './container-log.ts'
import { serveNames } from './dns.ts'
import { serveKubelet } from './kubelet-server.ts'
import { addressing, setUpNode } from './network.ts'
import type { NodeConfig } from './node-config.ts'
import { podLogs, runPod, type RunningPod } from './pod.ts'
import { register } from './register.ts'
import { createServiceProxy } from './service-proxy.ts'

const [, , file = ''] = process.argv
const config: NodeConfig = JSON.parse(readFileSync(file, 'utf8'))
const { name, octet, index, directory } = config
const { node, dns } = addressing(octet)
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
await serveKubelet({ address, ...makeCertificate(), clientAuthority: config.access.caFile, page })
await register(api, config)
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

/** What the kubelet answers under a path; undefined: nothing. */
function page({ pathname, searchParams }: URL): string | undefined {
  const all = [...running.values()]
  const [, kind = '', namespace = '', pod = '', container = ''] = pathname.split('/')
  if (kind === 'containerLogs') {
    const found = all.find(({ pod: { metadata } }) => metadata.namespace === namespace && metadata.name === pod)
    return found && readLog(podLogs(hostRoot, found.pod), container, Number(searchParams.get('tailLines') ?? Number.POSITIVE_INFINITY))
  }
  const pages: Readonly<Record<string, () => string>> = {
    '/healthz': () => 'ok',
    '/metrics': () => kubeletBody({ node: name, version: config.version, startedAt, pods: all, starts }),
    '/metrics/cadvisor': () => cadvisorBody(all),
    // Not the kubelet's: who runs what, for the tests. Ids are those of the node's /proc.
    '/stand-in/processes': () => JSON.stringify(all.flatMap(processesOf)),
  }
  return pages[pathname]?.()
}

function processesOf({ pod: { metadata }, containers }: RunningPod) {
  return [...containers].map(([container, { running: program }]) => ({
    namespace: metadata.namespace,
    pod: metadata.name,
    container,
    pid: program?.pid() ?? 0,
  }))
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

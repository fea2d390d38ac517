import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type Engine, type Kubernetes, startKubernetes } from '../engines/index.ts'
import { type Api, createApi } from './api.ts'
import type { Images } from './images.ts'
import { childOf, joinNetwork, startInNamespaces } from './namespaces.ts'
import { addressing, ip } from './node/network.ts'
import type { NodeConfig } from './node/node-config.ts'
import type { Taint } from './objects.ts'
import { createStorageClass, provision } from './provisioner.ts'
import { schedule } from './scheduler.ts'

export type ClusterOptions = {
  readonly nodes: readonly {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly taints?: readonly Taint[]
  }[]
  /** What runs where a container names an image; another image is one that cannot be pulled. */
  readonly images: Images | Promise<Images>
}

export type ClusterNode = {
  readonly name: string
  readonly address: string
  /** What hostPath volumes of this node lie under. */
  readonly hostRoot: string
  readonly log: () => string
}

/** A container's process. */
export type ContainerProcess = {
  readonly namespace: string
  readonly pod: string
  readonly container: string
  readonly node: string
  /** Its /proc/…/status as this machine shows it. */
  readonly statusFile: string
}

export type Cluster = {
  readonly kubernetes: Kubernetes
  readonly api: Api
  readonly nodes: readonly ClusterNode[]
  /** This machine's address as pods see it. */
  readonly outside: string
  /** Makes Service `namespace/name` lead to a port of this machine. */
  readonly exposeOutside: (namespace: string, name: string, port: number, outsidePort: number) => Promise<void>
  readonly processes: () => Promise<ContainerProcess[]>
  readonly stop: () => Promise<void>
}

const NODE_PROGRAM = join(import.meta.dirname, 'node/main.ts')
const NODE_NAMESPACES = ['--net', '--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc']

/**
 * A cluster on this machine: a real control plane, and for each node a stand-in of kubelet, container runtime, CNI and
 * kube-proxy. Its network is 10.x.0.0/16 in namespaces of its own; one interface of this machine, clymenex, leads there.
 * Every namespace belongs to a process that dies with this one: nothing has to be cleaned up. Needs root.
 */
export async function startCluster({ nodes, ...options }: ClusterOptions): Promise<Cluster> {
  const ended = new AbortController()
  const started: Pick<Engine, 'stop'>[] = []
  const stop = async (): Promise<void> => {
    ended.abort()
    for (const part of started.splice(0).toReversed()) await part.stop()
  }
  try {
    const network = await startInNamespaces('control-plane', ['--net'], ['sleep', 'infinity'])
    started.push(network)
    const octet = await joinNetwork(network.pid, nodes.length)
    const { controlPlane, outside, services, node: addressOf } = addressing(octet)
    const kubernetes = await startKubernetes({
      address: controlPlane,
      port: 443,
      controllerManager: true,
      serviceRange: services,
      within: ['nsenter', `--net=/proc/${network.pid}/ns/net`],
    })
    started.push(kubernetes)
    const access = { url: kubernetes.url, caFile: kubernetes.caFile, ...kubernetes.admin }
    const api = createApi(access)
    const { gitVersion } = await api.get<{ gitVersion: string }>('/version')
    const images = await options.images
    const running = await Promise.all(
      nodes.map(async ({ name, labels = {}, taints = [] }, index) => {
        const engine = await startInNamespaces(name, NODE_NAMESPACES, [process.execPath, NODE_PROGRAM], (directory) => {
          const config: NodeConfig = {
            name,
            octet,
            index,
            nodes: nodes.length,
            access,
            version: gitVersion,
            directory,
            images,
            labels,
            taints,
          }
          const file = join(directory, 'node.json')
          writeFileSync(file, JSON.stringify(config))
          return [file]
        })
        started.push(engine)
        await ip([`link add node${index} type veth peer name eth0 netns ${engine.pid}`, `link set node${index} master lan up`], network.pid)
        return { name, address: addressOf(index), hostRoot: join(engine.directory, 'host'), log: engine.log, engine }
      }),
    )
    while ((await api.get<{ items: unknown[] }>('/api/v1/nodes')).items.length < nodes.length) await sleep(50)
    void schedule(api, ended.signal)
    await createStorageClass(api)
    void provision(api, ended.signal)

    return {
      kubernetes,
      api,
      nodes: running,
      outside,
      exposeOutside: async (namespace, name, port, outsidePort) => {
        await api.send('POST', `/api/v1/namespaces/${namespace}/services`, { metadata: { name }, spec: { ports: [{ port }] } })
        await api.send('POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
          metadata: { name, labels: { 'kubernetes.io/service-name': name } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [outside], conditions: { ready: true } }],
          ports: [{ port: outsidePort, name: '', protocol: 'TCP' }],
        })
      },
      processes: async () => {
        const all = await Promise.all(
          running.map(async ({ name, engine }) => {
            const found = await api.get<(Omit<ContainerProcess, 'node'> & { pid: number })[]>(
              `/api/v1/nodes/${name}/proxy/stand-in/processes`,
            )
            // The node's own /proc, seen from here.
            const proc = `/proc/${childOf(engine.pid)}/root/proc`
            return found.map((one) => ({ ...one, node: name, statusFile: `${proc}/${one.pid}/status` }))
          }),
        )
        return all.flat()
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

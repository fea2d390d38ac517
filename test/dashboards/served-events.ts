/**
 * The part of a cluster's API that an agent with `--events.kubernetes --events.terminations` reads: events and pods, each as a list and a watch
 * that stays open. Events are as kubelet, scheduler and deployment controller write them (Event v1, Pod v1 of the Kubernetes API).
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { ServedCluster, ServedPod } from './served-cluster.ts'

export type ServedEvents = {
  /** For `--events.kubeconfig`. */
  readonly kubeconfig: string
  readonly stop: () => Promise<void>
}

/** What happened within the last minute: a probe that fails on the first pod, a crash loop of all others, a node and a rollout. */
export async function serveEvents(cluster: ServedCluster): Promise<ServedEvents> {
  const lists = new Map([
    ['/api/v1/events', () => eventsOf(cluster)],
    ['/api/v1/pods', () => cluster.pods.map((pod, at) => podOf(pod, cluster, at))],
  ])
  const watches = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://cluster')
    const items = lists.get(pathname)
    response.writeHead(items === undefined ? 404 : 200, { 'content-type': 'application/json' })
    if (searchParams.has('watch')) {
      watches.add(response)
      response.flushHeaders()
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '1000' }, items: items?.() ?? [] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
  const { port } = server.address() as AddressInfo
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      for (const watch of watches) watch.end()
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { kubeconfig: kubeconfigOf(`http://127.0.0.1:${port}`), stop }
}

/** YAML is a superset of JSON. */
const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'served',
    contexts: [{ name: 'served', context: { cluster: 'served', user: 'agent' } }],
    clusters: [{ name: 'served', cluster: { server } }],
    users: [{ name: 'agent', user: {} }],
  })

type Told = {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly reason: string
  readonly type: 'Normal' | 'Warning'
  readonly message: string
  readonly count: number
  readonly component: string
  readonly host?: string
}

function eventsOf({ node, pods }: ServedCluster): readonly object[] {
  const kubelet = { component: 'kubelet', host: node }
  const told = pods.map(({ namespace, name, container }, at): Told =>
    at === 0
      ? { kind: 'Pod', namespace, name, ...UNHEALTHY, ...kubelet }
      : {
          kind: 'Pod',
          namespace,
          name,
          ...BACK_OFF,
          message: `Back-off restarting failed container ${container} in pod ${name}`,
          ...kubelet,
        },
  )
  const [first] = pods
  return [
    ...told,
    { kind: 'Node', namespace: '', name: node, ...REBOOTED, message: `Node ${node} has been rebooted`, ...kubelet },
    ...(first === undefined ? [] : [{ kind: 'Deployment', namespace: first.namespace, name: first.container, ...SCALED }]),
  ].map(eventOf)
}

const UNHEALTHY = {
  reason: 'Unhealthy',
  type: 'Warning',
  message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
  count: 3,
} as const
const BACK_OFF = { reason: 'BackOff', type: 'Warning', count: 5 } as const
const REBOOTED = { reason: 'Rebooted', type: 'Warning', count: 1 } as const
const SCALED = {
  reason: 'ScalingReplicaSet',
  type: 'Normal',
  message: 'Scaled up replica set web-6d4cf56db6 from 1 to 2',
  count: 1,
  component: 'deployment-controller',
} as const

function eventOf({ kind, namespace, name, reason, type, message, count, component, host }: Told, at: number): object {
  const seen = secondsAgo(30 - at)
  return {
    metadata: {
      // Those of what stands in no namespace are kept in the default one.
      namespace: namespace === '' ? 'default' : namespace,
      name: `${name}.17f0a0b0c0d0e0f${at}`,
      uid: `event-${at}`,
      resourceVersion: String(900 + at),
      creationTimestamp: seen,
    },
    involvedObject: { kind, name, uid: `uid-${name}`, apiVersion: 'v1', ...(namespace !== '' && { namespace }) },
    reason,
    type,
    message,
    count,
    firstTimestamp: seen,
    lastTimestamp: seen,
    source: { component, ...(host !== undefined && { host }) },
    reportingComponent: component,
    reportingInstance: host ?? '',
  }
}

/** All pods but the first were killed and started again. */
function podOf({ namespace, name, container }: ServedPod, { node }: ServedCluster, at: number): object {
  const ended = {
    exitCode: 137,
    reason: 'OOMKilled',
    startedAt: secondsAgo(90),
    finishedAt: secondsAgo(20),
    containerID: `containerd://c${at}-ended`,
  }
  return {
    metadata: { namespace, name, uid: `uid-${at}`, resourceVersion: String(800 + at) },
    spec: { nodeName: node },
    status: {
      containerStatuses: [
        { name: container, image: `registry/${container}:1`, restartCount: at, ...(at > 0 && { lastState: { terminated: ended } }) },
      ],
    },
  }
}

const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z')

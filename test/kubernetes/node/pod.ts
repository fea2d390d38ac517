import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Api } from '../api.ts'
import { type Image, type Images, repositoryOf } from '../images.ts'
import type { Container, ContainerStatus, Pod, Service, Volume } from '../objects.ts'
import { startContainer, type RunningContainer } from './container.ts'
import { environmentOf } from './environment.ts'
import { etcOf } from './etc.ts'
import { connectPod, unshared } from './network.ts'
import { createStatusReport, type PodState } from './pod-status.ts'
import { followProbe } from './probe.ts'
import { makeVolume } from './volumes.ts'

export type PodHost = {
  readonly api: Api
  readonly name: string
  readonly address: string
  readonly octet: number
  readonly index: number
  readonly images: Images
  /** For what its pods need while they run. */
  readonly directory: string
  /** What the node's root is here. */
  readonly hostRoot: string
  readonly services: () => Iterable<Service>
  /** The next number of a pod's address. */
  readonly nextNumber: () => number
}

export type RunningPod = {
  readonly pod: Pod
  readonly startedAt: number
  /** Holds its network namespace; 0 on the node's own network. */
  readonly sandbox: () => number
  readonly containers: ReadonlyMap<string, { readonly restarts: number; readonly running: RunningContainer | undefined }>
  /** SIGTERM, the pod's grace, SIGKILL; everything of it is gone when this resolves. */
  readonly stop: (graceSeconds: number) => Promise<void>
}

const LONGEST_BACK_OFF_MS = 10_000
const REFRESH_MS = 5000

const followsObjects = ({ configMap, secret }: Volume): boolean => configMap !== undefined || secret !== undefined

/** Runs the containers of a pod until it is stopped, and tells the API server how they are. */
export function runPod(pod: Pod, host: PodHost): RunningPod {
  const ended = new AbortController()
  const { signal } = ended
  const directory = join(host.directory, pod.metadata.uid)
  const state: PodState = { phase: 'Pending', podIP: '', message: '', containers: new Map() }
  const report = createStatusReport(host.api, pod, host.address, state)
  const containers = new Map<string, { restarts: number; running: RunningContainer | undefined }>()
  let sandbox: ChildProcess | undefined
  let grace = 0

  const set = (container: Container, change: Partial<ContainerStatus>): void => {
    const before = state.containers.get(container.name) ?? waiting(container)
    state.containers.set(container.name, { ...before, ...change })
    report()
  }

  /** From one start of a container to its end; its exit status. */
  const runOnce = async (container: Container, image: Image, restarts: number, volumes: ReadonlyMap<string, string>): Promise<number> => {
    const hostname = pod.spec.hostNetwork === true ? host.name : (pod.spec.hostname ?? pod.metadata.name)
    const running = startContainer({
      pod,
      container,
      image,
      environment: await environmentOf({
        ...host,
        services: host.services(),
        pod,
        container,
        image,
        podIP: state.podIP,
        hostIP: host.address,
        hostname,
      }),
      volumes,
      etc: etcOf(pod, hostname, state.podIP, host.octet),
      hostname,
      sandbox: sandbox?.pid,
      directory: join(directory, 'containers', container.name),
      logFile: join(podLogs(host.hostRoot, pod), container.name, `${restarts}.log`),
    })
    containers.set(container.name, { restarts, running })
    const once = new AbortController()
    const both = AbortSignal.any([signal, once.signal])
    const { startupProbe, readinessProbe, livenessProbe } = container
    set(container, {
      containerID: `stand-in://${pod.metadata.uid}.${container.name}.${restarts}`,
      restartCount: restarts,
      started: startupProbe === undefined,
      ready: startupProbe === undefined && readinessProbe === undefined,
      state: { running: { startedAt: running.startedAt } },
    })
    const follow = (probe: Container['readinessProbe'], tell: (passed: boolean) => void): void => {
      if (probe !== undefined) void followProbe(probe, container, state.podIP, tell, both)
    }
    const restartUnless = (passed: boolean): void => {
      if (!passed) void running.stop(pod.spec.terminationGracePeriodSeconds ?? 30)
    }
    const started = (): void => {
      follow(readinessProbe, (ready) => set(container, { ready }))
      follow(livenessProbe, restartUnless)
    }
    if (startupProbe === undefined) started()
    else
      follow(startupProbe, (passed) => {
        if (!passed) return restartUnless(false)
        if (state.containers.get(container.name)?.started === true) return undefined
        set(container, { started: true, ready: readinessProbe === undefined })
        return started()
      })
    const stop = (): void => void preStop(container).then(() => running.stop(grace))
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const status = await running.exited
    signal.removeEventListener('abort', stop)
    once.abort()
    const terminated = {
      exitCode: status,
      startedAt: running.startedAt,
      finishedAt: new Date().toISOString(),
      reason: status === 0 ? 'Completed' : 'Error',
    }
    set(container, { ready: false, started: false, state: { terminated }, lastState: { terminated } })
    return status
  }

  const preStop = (container: Container): Promise<void> => sleep((container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000)

  /** With the restarts that the pod's policy asks for; the last exit status. */
  const keepRunning = async (container: Container, volumes: ReadonlyMap<string, string>, policy: string): Promise<number> => {
    let status = 1
    for (let restarts = 0; !signal.aborted; restarts++) {
      try {
        const image = host.images[repositoryOf(container.image)]
        if (image === undefined) throw Object.assign(new Error(`no image ${container.image}`), { reason: 'ErrImagePull' })
        status = await runOnce(container, image, restarts, volumes)
        if (policy === 'Never' || (policy === 'OnFailure' && status === 0)) return status
        set(container, { state: { waiting: { reason: 'CrashLoopBackOff' } } })
      } catch (error) {
        const reason = error instanceof Error && 'reason' in error ? error.reason : 'CreateContainerConfigError'
        set(container, { state: { waiting: { reason, message: textOf(error) } } })
        // What was never started was not restarted.
        restarts--
      }
      await sleep(Math.min(LONGEST_BACK_OFF_MS, 500 * 2 ** Math.max(0, restarts)), undefined, { signal }).catch(() => {})
    }
    return status
  }

  const makeVolumes = async (which: (volume: Volume) => boolean = () => true): Promise<Map<string, string>> => {
    const volumes = new Map<string, string>()
    for (const volume of (pod.spec.volumes ?? []).filter(which))
      volumes.set(
        volume.name,
        await makeVolume(volume, { ...host, pod, directory: join(directory, 'volumes'), podIP: state.podIP, hostIP: host.address }),
      )
    return volumes
  }

  /** What comes of ConfigMaps and Secrets follows them; the kubelet does that about once a minute. */
  const refresh = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(REFRESH_MS, undefined, { signal }).catch(() => {})
      if (!signal.aborted) await makeVolumes(followsObjects).catch(() => {})
    }
  }

  const run = async (): Promise<void> => {
    for (const container of pod.spec.containers) set(container, {})
    mkdirSync(join(directory, 'volumes'), { recursive: true })
    if (pod.spec.hostNetwork === true) state.podIP = host.address
    else {
      sandbox = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' })
      state.podIP = await connectPod(host.octet, host.index, host.nextNumber(), await unshared(sandbox))
    }
    // A ConfigMap, a Secret or a bound volume may come later than the pod.
    let volumes: Map<string, string> | undefined
    while (volumes === undefined && !signal.aborted) {
      volumes = await makeVolumes().catch(async (error: unknown) => {
        state.message = textOf(error)
        report()
        await sleep(500)
        return undefined
      })
    }
    state.message = ''
    if (volumes === undefined) return
    const mounted = volumes
    void refresh()
    for (const container of pod.spec.initContainers ?? []) await keepRunning(container, mounted, 'OnFailure')
    state.phase = 'Running'
    const { restartPolicy = 'Always' } = pod.spec
    const statuses = await Promise.all(pod.spec.containers.map((container) => keepRunning(container, mounted, restartPolicy)))
    if (signal.aborted) return
    state.phase = statuses.every((status) => status === 0) ? 'Succeeded' : 'Failed'
    report()
  }
  const done = run().catch((error: unknown) => {
    state.message = textOf(error)
    report()
  })

  return {
    pod,
    startedAt: Date.now(),
    sandbox: () => sandbox?.pid ?? 0,
    containers,
    stop: async (graceSeconds) => {
      grace = graceSeconds
      ended.abort()
      await done
      sandbox?.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The folder of a pod's logs, as the kubelet names it. */
export const podLogs = (hostRoot: string, { metadata }: Pod): string =>
  join(hostRoot, 'var/log/pods', `${metadata.namespace}_${metadata.name}_${metadata.uid}`)

const waiting = ({ name, image }: Container): ContainerStatus => ({
  name,
  image,
  imageID: image,
  ready: false,
  started: false,
  restartCount: 0,
  state: { waiting: { reason: 'ContainerCreating' } },
  lastState: {},
})

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Image } from '../images.ts'
import type { Container, Pod } from '../objects.ts'
import { keepLog } from './container-log.ts'
import { expand } from './environment.ts'
import { rootScript } from './root.ts'

export type ContainerOptions = {
  readonly pod: Pod
  readonly container: Container
  readonly image: Image
  readonly environment: ReadonlyMap<string, string>
  /** Where a volume of the pod lies on this machine, by its name. */
  readonly volumes: ReadonlyMap<string, string>
  readonly etc: Readonly<Record<string, string>>
  readonly hostname: string
  /** The process whose network namespace it gets; undefined: the node's. */
  readonly sandbox: number | undefined
  readonly directory: string
  readonly logFile: string
}

export type RunningContainer = {
  readonly startedAt: string
  /** Of its program, as the node's /proc has it; 0 while it is not there yet. */
  readonly pid: () => number
  /** Its exit status; 128 and the signal's number when a signal ended it. */
  readonly exited: Promise<number>
  /** SIGTERM, and SIGKILL when it did not end in time. */
  readonly stop: (graceSeconds: number) => Promise<void>
}

/** What container runtimes leave to root that asks for nothing. */
const DEFAULT_CAPABILITIES =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'.split(' ')

/** Starts a container's process. @throws what the kubelet calls a CreateContainerConfigError */
export function startContainer(options: ContainerOptions): RunningContainer {
  const { pod, container, image, environment, volumes, sandbox, directory } = options
  const root = join(directory, 'root')
  mkdirSync(root, { recursive: true })
  const security = { ...pod.spec.securityContext, ...container.securityContext }
  const user = security.runAsUser ?? image.user ?? 0
  if (security.runAsNonRoot === true && user === 0) throw new Error('container has runAsNonRoot and image will run as root')
  const command = [...(container.command ?? image.entrypoint), ...(container.args ?? (container.command ? [] : (image.command ?? [])))]
  const script = rootScript({
    root,
    mounts: [
      ...image.files.map((file) => ({ ...file, readOnly: true })),
      ...(container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false, subPath = '' }) => {
        const from = volumes.get(name)
        if (from === undefined) throw new Error(`there is no volume ${name}`)
        return { from: join(from, subPath), to: mountPath, readOnly: readOnly || isProjected(pod, name) }
      }),
    ],
    folders: image.folders ?? [],
    readOnly: security.readOnlyRootFilesystem ?? false,
    etc: options.etc,
    hostname: options.hostname,
    user,
    group: security.runAsGroup ?? image.group ?? 0,
    groups: [...(security.fsGroup === undefined ? [] : [security.fsGroup]), ...(security.supplementalGroups ?? [])],
    capabilities: capabilitiesOf(security.capabilities),
    noNewPrivileges: security.allowPrivilegeEscalation === false,
    privileged: security.privileged ?? false,
    directory: container.workingDir ?? image.directory ?? '/',
    command: command.map((word) => expand(word, environment)),
  })
  const ownProcesses = pod.spec.hostPID !== true
  const entered = sandbox === undefined ? [] : ['nsenter', `--net=/proc/${sandbox}/ns/net`]
  const processes = ownProcesses ? ['--pid', '--fork', '--kill-child'] : []
  const [program, ...args] = [...entered, 'unshare', '--mount', '--uts', '--ipc', ...processes, 'sh', '-c', script]
  const child = spawn(program, args, { env: Object.fromEntries(environment), stdio: ['ignore', 'pipe', 'pipe'] })
  const written = keepLog(options.logFile, child)
  const exited = new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('exit', (status, by) => resolve(status ?? 128 + (by === 'SIGKILL' ? 9 : 15)))
  }).then(async (status) => {
    await written
    return status
  })
  const pid = (): number => (ownProcesses ? childOf(child.pid ?? 0) : (child.pid ?? 0))
  return {
    startedAt: new Date().toISOString(),
    pid,
    exited,
    stop: async (graceSeconds) => {
      const waiting = new AbortController()
      signal(pid(), 'SIGTERM')
      await Promise.race([exited, sleep(graceSeconds * 1000, undefined, { signal: waiting.signal }).catch(() => {})])
      waiting.abort()
      signal(pid(), 'SIGKILL')
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Configuration and credentials are read-only whatever the mount says. */
const isProjected = (pod: Pod, name: string): boolean => {
  const volume = pod.spec.volumes?.find((other) => other.name === name)
  return (volume?.configMap ?? volume?.secret ?? volume?.projected ?? volume?.downwardAPI) !== undefined
}

function capabilitiesOf({ add = [], drop = [] }: { add?: readonly string[]; drop?: readonly string[] } = {}): string[] {
  const plain = (name: string): string => name.toUpperCase().replace(/^CAP_/, '')
  const dropped = new Set(drop.map(plain))
  const kept = dropped.has('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.has(name))
  return [...new Set([...kept, ...add.map(plain)])]
}

function childOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? 0)
  } catch {
    return 0
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, name)
  } catch {
    // It is gone.
  }
}

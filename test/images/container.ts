import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { lastLines } from '../engines/run-command.ts'
import { quote } from '../kubernetes/node/root.ts'
import type { ImageConfig } from './last-stage.ts'

export type ContainerOptions = {
  readonly config: ImageConfig
  /** What the image adds to its base, and the base: neither is written to. */
  readonly layer: string
  readonly base: string
  /** An empty folder, where its root is put together, out of sight of all other processes. */
  readonly root: string
  /** The process whose network it is in. */
  readonly network: number
  /** A folder that is seen, read-only, under /mnt. */
  readonly mounted?: string
  /** As `docker run` takes them. */
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export type Ended = { readonly status: number | null; readonly output: string }

export type Container = {
  readonly output: () => string
  /** Runs a program in it, as its user and with its variables. */
  readonly exec: (command: readonly string[]) => Promise<Ended>
  /** SIGTERM to its first process, as an engine stops it; resolves with its status. */
  readonly stop: () => Promise<number | null>
  readonly kill: () => void
}

/**
 * Starts an image as an engine does with `--read-only --cap-drop=ALL --security-opt=no-new-privileges`: namespaces of its own, its first process
 * the ENTRYPOINT, nothing to write to but its volumes.
 */
export function startContainer(options: ContainerOptions): Container {
  const { config, network } = options
  const variables = { ...config.environment, ...options.environment }
  const child = spawn(
    // However this process ends, the container does.
    'setpriv',
    [
      '--pdeathsig=KILL',
      'nsenter',
      `--net=/proc/${network}/ns/net`,
      'unshare',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child=KILL',
      '--propagation=private',
      'sh',
      '-ec',
    ].concat(script(options, variables)),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return {
    output: () => output,
    exec: (command) => execIn(firstProcess(child, output), config, variables, command),
    stop: () => {
      process.kill(firstProcess(child, output), 'SIGTERM')
      return ended
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** For sh(1), in namespaces of its own: puts the root together, goes into it and becomes the ENTRYPOINT. */
function script({ config, layer, base, root, mounted, args }: ContainerOptions, variables: Readonly<Record<string, string>>): string {
  const at = (path: string): string => quote(join(root, path))
  return [
    // Two lower layers and no upper one: nobody can write to it.
    `mount -t overlay overlay -o ${quote(`lowerdir=${layer}:${base}`)} ${quote(root)}`,
    `mount -t proc proc ${at('proc')}`,
    `mount --rbind /dev ${at('dev')}`,
    ...config.volumes.map((path) => {
      const { uid, gid, mode } = statSync(join(layer, path))
      return `mount -t tmpfs -o uid=${uid},gid=${gid},mode=${(mode & 0o7777).toString(8)} volume ${at(path)}`
    }),
    ...(mounted === undefined ? [] : [`mount --bind -o ro ${quote(mounted)} ${at('mnt')}`]),
    `exec ${['chroot', root, ...become(config, variables, [...config.entrypoint, ...args])].map(quote).join(' ')}`,
  ].join('\n')
}

/** Becomes the user of the image, in its folder, with these variables and no others. */
function become(
  { user, directory }: ImageConfig,
  variables: Readonly<Record<string, string>>,
  command: readonly string[],
): readonly string[] {
  const [uid, gid] = user.split(':')
  const named = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return [
    '/usr/bin/setpriv',
    // Another user: the kernel forgets what --kill-child asked for.
    '--pdeathsig=KILL',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
    '--',
    '/usr/bin/env',
    '-i',
    '-C',
    directory,
    ...named,
    ...command,
  ]
}

function execIn(
  target: number,
  config: ImageConfig,
  variables: Readonly<Record<string, string>>,
  command: readonly string[],
): Promise<Ended> {
  const place = [`--target=${target}`, '--net', '--mount', '--pid', `--root=/proc/${target}/root`]
  const child = spawn('nsenter', [...place, '--', ...become(config, variables, command)], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}

/** The one that unshare(1) started: process 1 of the container, by its number outside. */
function firstProcess({ pid }: ChildProcess, output: string): number {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  if (first === undefined || first === '') throw new Error(`the container has ended:\n${lastLines(output, 12)}`)
  return Number(first)
}

/** A network of its own, where only loopback is: it goes away with the process that is in it, and that with its standard input. */
export async function openNetwork(): Promise<{ readonly pid: number; readonly close: () => void }> {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject)
    holder.once('exit', () => reject(new Error('a network namespace could not be made')))
    holder.stdout.once('data', () => resolve())
  })
  return { pid: holder.pid ?? 0, close: () => void holder.stdin.end() }
}

/** Whether this machine lets us put roots together; why not. */
export function whyNoContainers(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may make namespaces and mounts'
  const { status, stderr } = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true'], { encoding: 'utf8' })
  return status === 0 ? undefined : `unshare: ${stderr.trim()}`
}

/** Bytes of all files of a folder. */
export function sizeOf(folder: string): number {
  const { stdout } = spawnSync('du', ['--summarize', '--apparent-size', '--block-size=1', folder], { encoding: 'utf8' })
  return Number(stdout.split('\t')[0])
}

/** An empty folder below `parent`. */
export function emptyFolder(parent: string, ...path: readonly string[]): string {
  const folder = join(parent, ...path)
  mkdirSync(folder, { recursive: true })
  return folder
}

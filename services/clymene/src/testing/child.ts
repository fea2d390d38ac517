import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../../../..')
export const cli = join(root, 'services/clymene/bin/clymene.mjs')

export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

export type Child = {
  readonly stdout: () => string
  readonly stderr: () => string
  readonly signal: (name: NodeJS.Signals) => void
  /** Nobody reads its stdout any more, as when `head` has enough. */
  readonly closeStdout: () => void
  readonly ended: Promise<Ended>
}

const children = new Set<ChildProcess>()

/** What a test left running; for `afterEach`. */
export function endChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

export type StartOptions = { readonly env?: NodeJS.ProcessEnv; readonly command?: string; readonly args?: readonly string[] }

/** Its sources, or, where test/runner/lay-out-command-line.ts made them, the files of its image. */
const program = process.env['TEST_CLYMENE'] ?? cli

/** What Node compiled once takes half of the CPU time from then on. */
const compiled = process.env['NODE_COMPILE_CACHE']

/** `clymene` with these words as a process of its own, and with no variables of ours but those. */
export function start(words: readonly string[], { env = {}, command = process.execPath, args = [program] }: StartOptions = {}): Child {
  const child = spawn(command, [...args, ...words], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...(compiled !== undefined && { NODE_COMPILE_CACHE: compiled }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => {
      children.delete(child)
      resolve({ status, stdout, stderr })
    })
  })
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => void child.kill(name),
    closeStdout: () => void child.stdout.destroy(),
    ended,
  }
}

/** The same, for what ends by itself. */
export const run = (words: readonly string[], options: StartOptions = {}): Promise<Ended> => start(words, options).ended

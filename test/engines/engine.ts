import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorCode } from '@clymene/model'

import { lastLines } from './run-command.ts'

/** A real server that a test started. It listens on loopback only and dies with the process that started it. */
export type Engine = {
  /** `http://127.0.0.1:port`; it stays the same over restarts. */
  readonly url: string
  readonly pid: number
  /** Data, configuration and log; removed by `stop`. */
  readonly directory: string
  /** What it wrote so far. */
  readonly log: () => string
  /** Ends it for good: SIGTERM, then SIGKILL; removes its data. */
  readonly stop: () => Promise<void>
  /** Ends it in its own order (SIGTERM) and keeps its data for `restart`. */
  readonly halt: () => Promise<void>
  /** Ends it at once (SIGKILL) and keeps its data for `restart`. */
  readonly kill: () => Promise<void>
  /** SIGSTOP: connections stay open and nothing is answered. Resolves when every thread stands: on a busy machine one may answer for a while. */
  readonly pause: () => Promise<void>
  readonly resume: () => void
  /** Starts it again, on the same port and data; halts it first when it runs. Resolves when it answers. */
  readonly restart: () => Promise<void>
}

export type EngineSpecification = {
  readonly name: string
  readonly url: string
  readonly directory: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** From SIGTERM to SIGKILL; default 20 s. */
  readonly stopWithinMs?: number
  /** Whether it serves; asked every 50 ms until it does. A rejection means not yet. */
  readonly isReady: (signal: AbortSignal) => Promise<boolean>
}

const START_WITHIN_MS = 120_000
const STOP_WITHIN_MS = 20_000

const running = new Map<ChildProcess, string>()
process.on('exit', () => {
  for (const [child, directory] of running) {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})

// The system kills the engine when the thread that started it ends, also when that was killed itself.
const canDieWithParent = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0

export async function startEngine(specification: EngineSpecification): Promise<Engine> {
  const { url, directory } = specification
  let child = launch(specification)
  try {
    await untilReady(specification, child)
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = exitOf(child)
    // A paused process acts on SIGTERM only once it goes on.
    child.kill('SIGCONT')
    child.kill(signal)
    const slow = setTimeout(() => child.kill('SIGKILL'), specification.stopWithinMs ?? STOP_WITHIN_MS)
    await ended
    clearTimeout(slow)
    running.delete(child)
  }

  return {
    url,
    directory,
    get pid() {
      return child.pid ?? 0
    },
    log: () => logOf(directory),
    stop: async () => {
      await end('SIGTERM')
      rmSync(directory, { recursive: true, force: true })
    },
    halt: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: async () => {
      child.kill('SIGSTOP')
      await untilStopped(child)
    },
    resume: () => void child.kill('SIGCONT'),
    restart: async () => {
      await end('SIGTERM')
      child = launch(specification)
      await untilReady(specification, child)
    },
  }
}

function launch({ command, args, directory, environment }: EngineSpecification): ChildProcess {
  const log = openSync(join(directory, 'engine.log'), 'a')
  const [program, ...rest] = canDieWithParent ? ['setpriv', '--pdeathsig', 'KILL', command, ...args] : [command, ...args]
  const child = spawn(program, rest, { cwd: directory, env: { ...process.env, ...environment }, stdio: ['ignore', log, log] })
  closeSync(log)
  // What went wrong with the start is told by untilReady, which sees that there is no process.
  child.on('error', () => {})
  child.unref()
  running.set(child, directory)
  return child
}

async function untilStopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || areThreadsStopped(child.pid ?? 0)) return undefined
  await sleep(1)
  return untilStopped(child)
}

/** By the letter behind the name in brackets: T is stopped, Z and X have ended (proc(5)). */
function areThreadsStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    try {
      return /\) [TZX] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return true
      throw error
    }
  })
}

async function untilReady({ name, directory, isReady }: EngineSpecification, child: ChildProcess): Promise<void> {
  const deadline = AbortSignal.timeout(START_WITHIN_MS)
  const gaveUp = async (why: string): Promise<never> => {
    const log = lastLines(logOf(directory), 40)
    child.kill('SIGKILL')
    await exitOf(child)
    running.delete(child)
    throw new Error(`${name} ${why}; its last lines:\n${log}`)
  }
  const poll = async (): Promise<void> => {
    if (child.pid === undefined) return gaveUp('could not be started')
    if (child.exitCode !== null || child.signalCode !== null) return gaveUp(`ended with ${child.signalCode ?? `status ${child.exitCode}`}`)
    if (deadline.aborted) return gaveUp(`did not answer within ${START_WITHIN_MS / 1000} s`)
    const ready = await isReady(AbortSignal.any([deadline, AbortSignal.timeout(2000)])).catch(() => false)
    if (ready) return undefined
    await sleep(50)
    return poll()
  }
  await poll()
}

const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) resolve()
    else {
      child.ref()
      child.once('exit', () => resolve())
    }
  })

const logOf = (directory: string): string => readFileSync(join(directory, 'engine.log'), 'utf8')

/** `isReady` of an engine that answers 2xx under that address. */
export const answers =
  (address: string) =>
  async (signal: AbortSignal): Promise<boolean> => {
    const answer = await fetch(address, { signal })
    await answer.arrayBuffer()
    return answer.ok
  }

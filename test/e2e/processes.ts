import { spawn, type ChildProcess } from 'node:child_process'
import { delimiter } from 'node:path'

import { expect } from 'vitest'

import type { Ports } from './all-in-one.ts'

export type Started = {
  readonly process: ChildProcess
  /** What it wrote so far. */
  readonly output: () => string
  /** How it ended, once it has and all of its output is there. */
  readonly exit: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>
}

export type StartOptions = { readonly cwd: string; readonly environment?: Readonly<Record<string, string>> }

/** Starts a program as a terminal does: in a process group of its own, with nothing of the npm that runs the tests. */
export function start(command: string, args: readonly string[], { cwd, environment = {} }: StartOptions): Started {
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ofTerminal(process.env), ...environment },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const exit = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (status, signal) => resolve({ status, signal })),
  )
  return { process: child, output: () => output, exit }
}

/** Without what npm and vitest add for their children: a newcomer's Node is the system's, not the one of this clone. */
function ofTerminal(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const path = (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules') && !folder.includes('node-gyp-bin'))
    .join(delimiter)
  const kept = Object.entries(environment).filter(
    ([name]) =>
      !/^(npm_(lifecycle|package|execpath|command|node_execpath)|INIT_CWD$|VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|MODE$|PROD$|DEV$|BASE_URL$|SSR$)/.test(
        name,
      ),
  )
  return { ...Object.fromEntries(kept), PATH: path }
}

/** Waits for the page of an all-in-one. @throws what it wrote when it ended instead */
export async function isUp(ports: Ports, { output, process: child }: Started, timeoutMs = 90_000): Promise<void> {
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${ports['page.http.host-port']}/api/flow`).then(
      ({ ok }) => ok,
      () => false,
    )
  const state = async (): Promise<string> => (child.exitCode !== null ? `ended: ${output()}` : (await answers()) ? 'up' : 'not up yet')
  await expect.poll(state, { timeout: timeoutMs, interval: 100 }).toMatch(/^(up|ended)/)
  expect(await state()).toBe('up')
}

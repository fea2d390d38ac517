import { ConfigError, errorMessage } from '@clymene/model'
import { replay, type Terminal } from 'clymene'

import type { Ended } from './run-clymene.ts'

/** `clymene replay` without the start of a process, which takes longer than all that it does. */
export async function runReplay(words: readonly string[]): Promise<Ended> {
  const stdout: string[] = []
  let stderr = ''
  const terminal: Terminal = {
    print: async (line) => void stdout.push(line),
    tell: (line) => void (stderr += `${line}\n`),
    gone: new AbortController().signal,
    draw: () => undefined,
    isInteractive: false,
  }
  try {
    await replay(words, {}, terminal, AbortSignal.timeout(60_000))
    return { status: 0, stdout, stderr }
  } catch (error) {
    return { status: error instanceof ConfigError ? 2 : 1, stdout, stderr: `${stderr}${errorMessage(error)}\n` }
  }
}

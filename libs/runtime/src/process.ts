import { ConfigError, errorMessage } from '@clymene/model'

import { createStopSignal } from './stop-signal.ts'

/** Exit status: 0 after a clean stop, 1 after a crash, 2 when the configuration is wrong. */
export type ExitStatus = 0 | 1 | 2

/**
 * Runs a service until it returns or is told to stop: SIGTERM and SIGINT abort the signal, and `main` drains. Sets the exit
 * status and leaves the rest to Node, so that output is flushed.
 */
export async function runProcess(main: (stop: AbortSignal) => Promise<void>): Promise<ExitStatus> {
  const stop = createStopSignal(process)
  const status = await statusOf(() => main(stop.signal))
  stop.dispose()
  process.exitCode = status
  return status
}

async function statusOf(main: () => Promise<void>): Promise<ExitStatus> {
  try {
    await main()
    return 0
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`)
    return error instanceof ConfigError ? 2 : 1
  }
}

/** Ends the process with status 1 and just this message: what happened is clear without a stack. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
}

const textOf = (error: unknown): string =>
  error instanceof Error && !(error instanceof ConfigError || error instanceof ExitError)
    ? (error.stack ?? error.message)
    : errorMessage(error)

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** True for the rejection that an aborted signal causes: the way things end at shutdown, not a failure. */
export const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')))

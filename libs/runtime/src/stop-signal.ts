/** What of a process is used here. */
export type SignalTarget = {
  readonly on: (name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void) => unknown
  readonly off: (name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void) => unknown
  readonly exit: (status: number) => unknown
}

export type StopSignal = {
  /** Aborts with the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  /** Lets signals do what they do by themselves again. */
  readonly dispose: () => void
}

const NAMES = ['SIGTERM', 'SIGINT'] as const

/**
 * npm and npx pass a signal on to their child, which Ctrl-C in a terminal has reached already: the same Ctrl-C comes twice within
 * milliseconds. What comes so soon is the same one; a later one ends the process at once.
 */
const ECHO_MS = 1000

export function createStopSignal(target: SignalTarget, now: () => number = () => performance.now()): StopSignal {
  const stop = new AbortController()
  let stoppedAt = 0
  const onSignal = (name: NodeJS.Signals): void => {
    if (!stop.signal.aborted) {
      stoppedAt = now()
      stop.abort(new DOMException(`stopped by ${name}`, 'AbortError'))
    } else if (now() - stoppedAt >= ECHO_MS) target.exit(130)
  }
  for (const name of NAMES) target.on(name, onSignal)
  return {
    signal: stop.signal,
    dispose: () => {
      for (const name of NAMES) target.off(name, onSignal)
    },
  }
}

/** What of a process is used here. */
export type HangupTarget = {
  readonly on: (name: 'SIGHUP', listener: () => void) => unknown
  readonly off: (name: 'SIGHUP', listener: () => void) => unknown
}

/** Processes that hold hangups, and whether one came that nobody was there for. */
const held = new WeakMap<HangupTarget, { listeners: number; isMissed: boolean }>()

/**
 * From now on SIGHUP does not end the process. One that comes while nobody listens is told to the first that does: a start takes seconds, and whoever
 * sends it then wants the configuration as it is at that moment.
 */
export function holdHangups(target: HangupTarget = process): void {
  if (held.has(target)) return
  const state = { listeners: 0, isMissed: false }
  held.set(target, state)
  target.on('SIGHUP', () => {
    if (state.listeners === 0) state.isMissed = true
  })
}

/**
 * Calls `listener` at each SIGHUP, which operators send for a configuration to be read anew and which ends the process no more.
 *
 * @returns what lets the signal do what it does by itself again, unless the process holds hangups.
 */
export function onHangup(listener: () => void, target: HangupTarget = process): () => void {
  const onSignal = (): void => listener()
  const state = held.get(target)
  target.on('SIGHUP', onSignal)
  if (state !== undefined) {
    state.listeners++
    if (state.isMissed) queueMicrotask(onSignal)
    state.isMissed = false
  }
  return () => {
    target.off('SIGHUP', onSignal)
    if (state !== undefined) state.listeners--
  }
}

/** What of a process is used here. */
export type HangupTarget = {
  readonly on: (name: 'SIGHUP', listener: () => void) => unknown
  readonly off: (name: 'SIGHUP', listener: () => void) => unknown
}

/**
 * Calls `listener` at each SIGHUP, which operators send for a configuration to be read anew and which ends the process no more.
 *
 * @returns what lets the signal do what it does by itself again.
 */
export function onHangup(listener: () => void, target: HangupTarget = process): () => void {
  const onSignal = (): void => listener()
  target.on('SIGHUP', onSignal)
  return () => void target.off('SIGHUP', onSignal)
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * npm and npx pass a signal on to their child, which Ctrl-C in a terminal has reached already: the same Ctrl-C comes twice within
 * milliseconds, and the second would end the process at once, in the middle of draining. So what comes within `withinMs`
 * after the first is the same one; later ones count again.
 */
export function ignoreEcho(stop: AbortSignal, { process: target = process, withinMs = 1000 } = {}): void {
  const ignore = (): void => undefined
  const onStop = (): void => {
    const held = SIGNALS.map((name) => ({ name, listeners: target.listeners(name) }))
    for (const { name, listeners } of held) {
      // The new one first: a signal without a listener ends the process.
      target.on(name, ignore)
      for (const listener of listeners) target.off(name, listener)
    }
    setTimeout(() => {
      for (const { name, listeners } of held) {
        for (const listener of listeners) target.on(name, listener)
        target.off(name, ignore)
      }
    }, withinMs).unref()
  }
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
}

import type { Logger } from '@clymene/model'

/** With what closing and the exit itself take it stays below the ten seconds that are promised. */
export const GIVE_UP_AFTER_MS = 9000

export type LastResort = { readonly logger: Logger; readonly exit: (status: number) => void; readonly afterMs?: number }

/**
 * Ends the process when it has not ended by itself some time after `stop`: each part waits for the one behind it, and when Kafka
 * or a store does not answer that adds up. Nothing is lost by it: what was not acknowledged is in the buffer, in the bus or before
 * the position of its file, as after kill -9, and is delivered after the next start.
 */
export function giveUpLate(stop: AbortSignal, { logger, exit, afterMs = GIVE_UP_AFTER_MS }: LastResort): void {
  const wait = (): void => {
    setTimeout(() => {
      logger.warn('stopped before everything was delivered; the rest is delivered after the next start')
      exit(0)
    }, afterMs).unref()
  }
  if (stop.aborted) wait()
  else stop.addEventListener('abort', wait, { once: true })
}

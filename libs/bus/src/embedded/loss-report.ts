import type { Logger } from '@clymene/model'

import { addUnread, type Unread } from './unread.ts'

/** Adds up losses that belong together and logs them as ERROR, the first at once, further ones once a minute. */
export type LossReport = {
  readonly add: (key: string, unread: Unread, fields: Readonly<Record<string, unknown>>) => void
  /** Logs what has been added up for a minute; `all` does not wait for that. */
  readonly flush: (all?: boolean) => void
}

type Loss = { unread: Unread | undefined; loggedMs: number; readonly fields: Readonly<Record<string, unknown>> }

const INTERVAL_MS = 60_000

export function createLossReport(message: string, logger: Logger, now: () => number): LossReport {
  const losses = new Map<string, Loss>()
  const flush = (all = false): void => {
    for (const [key, loss] of losses) {
      // Also when the clock was put back by more than that.
      if (!all && Math.abs(now() - loss.loggedMs) < INTERVAL_MS) continue
      if (loss.unread === undefined) losses.delete(key)
      else logger.error(message, { ...loss.fields, ...told(loss.unread) })
      loss.unread = undefined
      loss.loggedMs = now()
    }
  }
  return {
    add: (key, unread, fields) => {
      const loss = losses.get(key) ?? { unread: undefined, loggedMs: -Infinity, fields }
      losses.set(key, loss)
      loss.unread = loss.unread === undefined ? unread : addUnread(loss.unread, unread)
      flush()
    },
    flush,
  }
}

/** `from` and `to` are when the messages came. */
const told = ({ messages, samples, oldestMs, newestMs }: Unread) => ({
  messages,
  samples,
  from: new Date(oldestMs).toISOString(),
  to: new Date(newestMs).toISOString(),
})

import type { Logger } from '@clymene/model'

/** Adds up losses that belong together and logs them as ERROR, the first at once, further ones once a minute. */
export type LossReport = {
  readonly add: (key: string, records: number, fields: Readonly<Record<string, unknown>>) => void
  /** Logs what has been added up for a minute; `all` does not wait for that. */
  readonly flush: (all?: boolean) => void
}

const INTERVAL_MS = 60_000

export function createLossReport(message: string, logger: Logger, now: () => number): LossReport {
  const losses = new Map<string, { records: number; loggedMs: number; fields: Readonly<Record<string, unknown>> }>()
  const flush = (all = false): void => {
    for (const [key, loss] of losses) {
      if (!all && now() - loss.loggedMs < INTERVAL_MS) continue
      if (loss.records > 0) logger.error(message, { ...loss.fields, records: loss.records })
      if (loss.records === 0) losses.delete(key)
      loss.records = 0
      loss.loggedMs = now()
    }
  }
  return {
    add: (key, records, fields) => {
      const loss = losses.get(key) ?? { records: 0, loggedMs: -Infinity, fields }
      losses.set(key, { ...loss, records: loss.records + records, fields })
      flush()
    },
    flush,
  }
}

import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { ScrapeMetrics } from './scrape-metrics.ts'

/** What became of a batch of one target, and where. */
export type LostBatch = { readonly job: string; readonly target: string; readonly samples: number; readonly error: unknown }

export type LostReport = (text: string, lost: LostBatch) => void

const INTERVAL_MS = 60_000

/**
 * Counts samples that were not accepted. They are an ERROR once a minute for each job, with the sum of what was lost since the last one: what
 * refuses one batch refuses those of all targets.
 */
export function createLostReport(metrics: Pick<ScrapeMetrics, 'lost'>, logger: Logger, now?: () => number): LostReport {
  const once = createOnceIn(INTERVAL_MS, now)
  const sums = new Map<string, number>()
  return (text, { job, target, samples, error }) => {
    metrics.lost.inc({ scrape_job: job }, samples)
    const sum = (sums.get(job) ?? 0) + samples
    sums.set(job, sum)
    once(JSON.stringify([job, text]), (heldBack) => {
      sums.delete(job)
      logger.error(text, { job, target, samples: sum, error: errorMessage(error), heldBack })
    })
  }
}

import type { Emit, Source } from '@clymene/model'

import { collectJob } from './collect-job.ts'
import { createJournalMetrics } from './journal-metrics.ts'
import type { JournalSourceOptions } from './options.ts'

/**
 * The journal of systemd, as journalctl shows it, a journalctl for each job. The cursor of a job moves when the buffer has an entry and all before it:
 * a restart goes on behind it, and a kill repeats at most what was acknowledged since it was written, with the same time and line.
 */
export function createJournalSource(options: JournalSourceOptions): Source {
  const journalMetrics = createJournalMetrics(options.metrics)
  return {
    run: async (emit: Emit, signal) => {
      const failed = new AbortController()
      const end = AbortSignal.any([signal, failed.signal])
      const outcomes = await Promise.allSettled(
        options.jobs.map(async (job, index) => {
          try {
            await collectJob({ ...options, job, stream: `${options.stream}.${index}`, journalMetrics }, emit, end)
          } catch (error) {
            failed.abort()
            throw error
          }
        }),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    },
  }
}

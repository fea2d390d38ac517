import { appendFileSync, renameSync, statSync } from 'node:fs'

import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'
import type { ScrapeFailure } from '@clymene/sources'

/** At which the file becomes `<path>.1`, in place of the one before. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * Appends a line of JSON for every scrape that fails, with the fields that Prometheus gives. The file is opened for each: jobs may share one, over
 * reloads too, and a log rotator may take it away. One that cannot be written is told once a minute, and scrapes go on.
 */
export function createFailureLog(path: string, logger: Logger, maxBytes = MAX_BYTES): (failure: ScrapeFailure) => void {
  const onceInAMinute = createOnceIn(60_000)
  return ({ timestampMs, job, url, error }) => {
    const line = { time: new Date(timestampMs).toISOString(), level: 'ERROR', msg: error, job_name: job, target: url }
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= maxBytes) renameSync(path, `${path}.1`)
      appendFileSync(path, `${JSON.stringify(line)}\n`)
    } catch (failure) {
      onceInAMinute('write', (heldBack) =>
        logger.warn('scrape_failure_log_file cannot be written', { path, error: errorMessage(failure), heldBack }),
      )
    }
  }
}

import type { TimeSeries } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { createScrapeSource } from '@clymene/sources'
import { decodeWriteRequest } from '@clymene/wire'

import type { Candidate } from './explanation.ts'

/** Longest wait for the turn of the scrape, and for its page. */
const MOST_MS = 5000

export type ScrapedOnce = {
  /** As they would be sent, those about the scrape itself among them. */
  readonly series: readonly TimeSeries[]
  /** Why it failed; '' when it did not. */
  readonly error: string
}

/** Scrapes a target as an agent would, once. */
export async function scrapeOnce({ job, externalLabels, found }: Candidate): Promise<ScrapedOnce> {
  const stop = new AbortController()
  const ms = Math.min(job.timeoutMs, MOST_MS)
  const discoverers = [{ run: tellOnce(found) }]
  const { promise: page, resolve } = Promise.withResolvers<void>()
  const patience = setTimeout(resolve, 3 * MOST_MS)
  const source = createScrapeSource({
    jobs: [{ ...job, intervalMs: ms, timeoutMs: ms, discoverers }],
    externalLabels,
    streams: 1,
    metrics: createMetrics(),
    logger: silentLogger,
    version: 'explain',
    drainTimeoutMs: 0,
  })
  const series: TimeSeries[] = []
  const running = source.run(({ body }) => {
    series.push(...decodeWriteRequest(body))
    // What a scrape says about itself stands at its end.
    if (series.some(({ labels }) => labels.some(([name, value]) => name === '__name__' && value === 'up'))) resolve()
    return Promise.resolve()
  }, stop.signal)
  try {
    await Promise.race([page, running])
    const [target] = source.targets().active
    return { series, error: target?.lastError ?? 'the target is not scraped' }
  } finally {
    clearTimeout(patience)
    stop.abort()
    await running
  }
}

const tellOnce =
  (found: Candidate['found']): Candidate['job']['discoverers'][number]['run'] =>
  (update, signal) => {
    update([{ source: 'explain', labels: new Map(), targets: [found] }])
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }

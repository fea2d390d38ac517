import { errorMessage, type Labels, type Logger, sortedLabels, type Source } from '@clymene/model'
import { createOnceIn, type Metrics } from '@clymene/runtime'
import { createWriteRequestWriter, type WriteRequestWriter } from '@clymene/wire'

import { hash64 } from '../scrape/hash.ts'
import { NO_LIMITS } from '../scrape/job.ts'
import { noCounts } from '../scrape/page-counts.ts'
import { createPageWriter } from '../scrape/page-writer.ts'
import { createReportSeries } from '../scrape/report-series.ts'
import { createSchedule, nextTick, scrapeTime, waitUntil } from '../scrape/schedule.ts'
import { formatFamilies, type HostRoot } from './family.ts'
import { hostCollectors, LINUX_ROOT, readHost } from './read-host.ts'

export type HostSourceOptions = {
  readonly intervalMs: number
  /** Label `instance`; also spreads machines over the interval. */
  readonly instance: string
  /** Label `job`: `node`, as node-exporter is mostly scraped. */
  readonly job?: string
  /** `cluster` is one of them. */
  readonly externalLabels: Labels
  readonly streams: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly root?: Partial<HostRoot>
  /** How long the last batch may take to be accepted once the source is told to stop. */
  readonly drainTimeoutMs?: number
}

const DRAIN_TIMEOUT_MS = 5000

/**
 * Reads this machine under node-exporter's names, labels and types: what a scrape of a node-exporter would give, `up` and the
 * scrape_* series among it, without one. A stop ends no series: who starts next goes on with them.
 */
export function createHostSource(options: HostSourceOptions): Source {
  const { intervalMs, instance, job = 'node', externalLabels, streams, logger, metrics, drainTimeoutMs = DRAIN_TIMEOUT_MS } = options
  const root: HostRoot = { ...LINUX_ROOT, ...options.root }
  const target = sortedLabels([
    ['instance', instance],
    ['job', job],
  ])
  const hash = hash64(JSON.stringify(target))
  const lost = metrics.counter(
    'clymene_agent_host_samples_lost_total',
    'Samples of this machine that were handed on and not accepted: only at a forced stop or by a fault.',
  )
  const onceInAMinute = createOnceIn(60_000)

  return {
    run: async (emit, signal) => {
      const collectors = await hostCollectors(root)
      const deadline = new AbortController()
      const pages = createPageWriter({
        target,
        external: externalLabels,
        honorLabels: false,
        honorTimestamps: false,
        trackTimestampsStaleness: false,
        metricRelabel: () => true,
        limits: NO_LIMITS,
      })
      const report = createReportSeries(target, externalLabels)
      const writer = createWriteRequestWriter()
      const schedule = createSchedule(intervalMs, hash, 0n)
      let failing: ReadonlyMap<string, string> = new Map()

      async function send(timestampMs: number, write: (into: WriteRequestWriter) => void): Promise<void> {
        writer.reset()
        write(writer)
        try {
          deadline.signal.throwIfAborted()
          const stream = String(hash % BigInt(streams))
          const body = writer.finish()
          await emit({ kind: 'metrics', body, records: writer.records, newestMs: timestampMs, stream }, deadline.signal)
          pages.keep()
        } catch (error) {
          pages.undo()
          const { records } = writer
          lost.inc(records)
          onceInAMinute('lost', (heldBack) =>
            logger.error('readings of this machine were not accepted', { samples: records, error: errorMessage(error), heldBack }),
          )
        }
      }

      async function readAndSend(timestampMs: number): Promise<void> {
        const start = performance.now()
        const { families, failures } = await readHost(collectors, root)
        for (const [collector, error] of failures)
          if (!failing.has(collector)) logger.warn('a collector of this machine fails', { collector, error })
        failing = failures
        await send(timestampMs, (into) => {
          const counts = noCounts()
          pages.write(Buffer.from(formatFamilies(families)), 'text', timestampMs, into, counts)
          report.write({ ok: true, seconds: (performance.now() - start) / 1000, counts }, timestampMs, into)
        })
      }

      signal.addEventListener('abort', () => setTimeout(() => deadline.abort(signal.reason), drainTimeoutMs).unref(), { once: true })
      // The first reading at once: who has just started this wants to see something.
      if (!signal.aborted) await readAndSend(Date.now())
      while (!signal.aborted) {
        const due = nextTick(schedule, Date.now())
        await waitUntil(due, signal)
        if (!signal.aborted) await readAndSend(scrapeTime(schedule, due, Date.now()))
      }
    },
  }
}

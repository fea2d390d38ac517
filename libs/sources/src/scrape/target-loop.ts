import { errorMessage, type Labels } from '@clymene/model'
import { freeBuffer, redactUrls } from '@clymene/runtime'
import { acceptHeader, chooseFormat } from '@clymene/wire'

import type { Departure } from './departures.ts'
import { hash64 } from './hash.ts'
import type { ScrapeJob } from './job.ts'
import { noCounts, type PageCounts } from './page-counts.ts'
import { fetchPage, type Page } from './page-request.ts'
import { createPageWriter, type PageWriter } from './page-writer.ts'
import type { PageRules } from './read-page.ts'
import { createReportSeries, type ExtraReport, type ScrapeReport } from './report-series.ts'
import { ScrapeLimitError } from './sample-labels.ts'
import { createSchedule, nextTick, type Schedule, scrapeTime, waitUntil } from './schedule.ts'
import type { JobContext } from './scrape-context.ts'
import type { FamilyMetadata, GrowingLabel } from './scrape-view.ts'
import { createSender } from './sender.ts'
import { createSeriesBudget } from './series-budget.ts'
import { createSeriesReport } from './series-report.ts'
import type { Target } from './target.ts'

export type TargetHealth = {
  readonly health: 'unknown' | 'up' | 'down'
  readonly lastError: string
  /** Milliseconds since the epoch; 0 before the first scrape. */
  readonly lastScrapeMs: number
  readonly lastDurationSeconds: number
}

export type TargetLoop = {
  readonly target: () => Target
  readonly health: () => TargetHealth
  /** Other rules, times or external labels for the same target; its series go on. */
  readonly use: (job: ScrapeJob, target: Target) => void
  /** Every scrape fails with this reason until it is undefined again: the job has too many targets. */
  readonly refuse: (reason: string | undefined) => void
  /** What the last good page said about its families. */
  readonly families: () => ReadonlyMap<string, FamilyMetadata>
  /** Of the last good page. */
  readonly series: () => { readonly series: number; readonly limit: number; readonly leftOut: number }
  readonly sends: PageWriter['sends']
  readonly growingLabels: () => readonly GrowingLabel[]
  /** Ends the scrapes and resolves when everything has been accepted; the series of a target that is gone are left to the departures. */
  readonly stop: (why: StopReason) => Promise<void>
}

/**
 * `gone`: nobody will scrape the target any more, so its series end. `shutdown`: whoever starts next goes on with them, as with
 * Prometheus; a marker would tear a gap into every series at every restart.
 */
export type StopReason = 'gone' | 'shutdown'

/** Scrapes one target again and again. A scrape is one batch; the next one waits until it has been accepted. */
export function startTargetLoop(context: JobContext, firstJob: ScrapeJob, firstTarget: Target): TargetLoop {
  let [job, target, external] = [firstJob, firstTarget, context.external()]
  let refusal: string | undefined
  let health: TargetHealth = { health: 'unknown', lastError: '', lastScrapeMs: 0, lastDurationSeconds: 0 }
  const budget = createSeriesBudget(context.seriesLimits.perTarget, context.budget)
  let pages = createPageWriter(pageRules(job, target, external), { budget, metadata: context.metadata })
  let report = createReportSeries(target.labels, external)
  const logger = context.logger.child({ job: job.name, target: target.url.origin })
  const growing = context.growing.open()
  const seriesReport = createSeriesReport(context.metrics, job.name, logger)
  const identity = JSON.stringify(target.labels)
  const send = createSender(context, job.name, target)
  const offset = hash64(target.key)
  const stopping = new AbortController()
  let wake = new AbortController()
  let departure: Departure | undefined

  async function run(): Promise<void> {
    for (;;) {
      wake = new AbortController()
      const schedule = scheduleNow()
      const due = nextTick(schedule, Date.now())
      if (!stopping.signal.aborted) await waitUntil(due, wake.signal)
      if (stopping.signal.aborted) break
      if (wake.signal.aborted) continue
      if (context.unavailable() !== undefined) {
        context.metrics.skipped.inc({ scrape_job: job.name })
        continue
      }
      if (health.health === 'unknown') await goOnFromEarlier()
      await scrapeAndSend(scrapeTime(schedule, due, Date.now()))
      const missed = Math.floor((Date.now() - due) / schedule.intervalMs)
      if (missed > 0 && !wake.signal.aborted) context.metrics.skipped.inc({ scrape_job: job.name }, missed)
    }
    seriesReport.close()
    growing.close()
    if (departure === undefined) pages.close()
    else leave(departure)
  }

  const scheduleNow = (): Schedule => createSchedule(target.intervalMs, offset, context.seed)

  /** A target with these labels went a short time ago: its series are ours. */
  async function goOnFromEarlier(): Promise<void> {
    const earlier = await context.departures.take(identity)
    if (earlier === undefined) return
    pages.close()
    ;({ pages, report } = earlier)
    pages.moveTo(budget)
    pages.use(pageRules(job, target, external))
    report.use(external)
  }

  function leave(from: Departure): void {
    const { intervalMs, lastScrapeMs } = { ...target, ...health }
    const dueMs = nextTick(scheduleNow(), Date.now())
    from.leave({
      pages,
      report,
      dueMs,
      // Prometheus waits for one more scrape and a tenth.
      untilMs: dueMs + 1.1 * intervalMs,
      end: (endMs) =>
        send(Math.max(endMs, lastScrapeMs + 1), (writer, timestampMs) => {
          pages.writeStale(timestampMs, writer)
          report.writeStale(timestampMs, writer)
        }),
    })
  }

  async function scrapeAndSend(timestampMs: number): Promise<void> {
    const started = performance.now()
    let page: Page | Error | undefined = await fetchOrError()
    if (stopping.signal.aborted) return
    const accepted = await send(timestampMs, (writer) => {
      const fetched = page ?? new Error('the page was written already')
      // While the batch waits to be accepted nobody needs the page.
      page = undefined
      const counts = noCounts()
      const error = fetched instanceof Error ? fetched : writePage(fetched, counts)
      if (error !== undefined) {
        writer.reset()
        pages.writeStale(timestampMs, writer)
      }
      const extra = job.extraScrapeMetrics ? { extra: extraReport(job, target, fetched) } : {}
      const outcome = { ok: error === undefined, seconds: (performance.now() - started) / 1000, counts, ...extra }
      report.write(outcome, timestampMs, writer)
      conclude(outcome, error, timestampMs)
      if (!(fetched instanceof Error)) freeBuffer(fetched.body)

      function writePage({ body, contentType }: Page, into: PageCounts): Error | undefined {
        try {
          // A page without a byte is a good one that exposes nothing, whatever its type.
          const format = body.length === 0 ? 'text' : chooseFormat(contentType, job.fallbackProtocol)
          pages.write(body, format, timestampMs, writer, into)
          return undefined
        } catch (failure) {
          return failure instanceof Error ? failure : new Error(String(failure))
        }
      }
    })
    if (!accepted) return pages.undo()
    pages.keep()
    report.keep()
  }

  async function fetchOrError(): Promise<Page | Error> {
    if (refusal !== undefined) return new ScrapeLimitError('target_limit', refusal)
    try {
      const { timeoutMs, url } = target
      const { http, limits, enableCompression } = job
      const accept = acceptHeader(job.scrapeProtocols, job.nameEscaping)
      const maxBytes = limits.bodySizeBytes === 0 ? context.maxBodyBytes : limits.bodySizeBytes
      return await context.connections.lend((dispatcher) =>
        fetchPage({ dispatcher, url, timeoutMs, maxBytes, userAgent: context.userAgent, accept, enableCompression, http }, stopping.signal),
      )
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  function conclude({ ok, seconds, counts }: ScrapeReport, error: Error | undefined, timestampMs: number): void {
    const { metrics } = context
    const labels = { scrape_job: job.name }
    metrics.scrapes.inc({ ...labels, result: ok ? 'ok' : 'failed' })
    metrics.duration.observe(labels, seconds)
    if (error instanceof ScrapeLimitError) metrics.limits.inc({ ...labels, limit: error.limit })
    if (ok && counts.duplicates > 0) metrics.dropped.inc({ ...labels, reason: 'duplicate' }, counts.duplicates)
    if (ok && counts.outOfOrder > 0) metrics.dropped.inc({ ...labels, reason: 'out_of_order' }, counts.outOfOrder)
    if (ok && counts.outOfBounds > 0) metrics.dropped.inc({ ...labels, reason: 'out_of_bounds' }, counts.outOfBounds)
    if (ok && counts.exemplarsLeftOut > 0) metrics.exemplarsLeftOut.inc(labels, counts.exemplarsLeftOut)
    seriesReport.scraped(pages, ok ? counts : noCounts())
    growing.scraped(ok ? counts.leftOut : 0, pages.growingLabels)
    const lastError = error === undefined ? '' : errorMessage(error)
    if (!ok) job.reportFailure?.({ timestampMs, job: job.name, url: redactUrls(target.url.origin + target.url.path), error: lastError })
    if (!ok && health.health !== 'down') logger.warn('target is down', { error: lastError })
    if (ok && health.health === 'down') logger.info('target is up again')
    health = { health: ok ? 'up' : 'down', lastError, lastScrapeMs: timestampMs, lastDurationSeconds: seconds }
  }

  const running = run()
  return {
    target: () => target,
    health: () => health,
    families: () => pages.families(),
    series: () => ({ series: pages.series(), limit: budget.limit, leftOut: seriesReport.leftOut() }),
    sends: (labels) => pages.sends(labels),
    growingLabels: () => pages.growingLabels(),
    use: (nextJob, nextTarget) => {
      const sameRules = nextJob === job && context.external() === external
      const sameTimes = nextTarget.intervalMs === target.intervalMs
      ;[job, target, external] = [nextJob, nextTarget, context.external()]
      if (!sameTimes) wake.abort()
      if (sameRules) return
      pages.use(pageRules(job, target, external))
      report.use(external)
    },
    refuse: (reason) => {
      refusal = reason
    },
    stop: (why) => {
      // A target that was never scraped has no series.
      if (why === 'gone' && health.health !== 'unknown') departure = context.departures.announce(identity)
      stopping.abort(new Error('the target is no longer scraped'))
      wake.abort()
      return running
    },
  }
}

function extraReport(job: ScrapeJob, { timeoutMs }: Target, fetched: Page | Error): ExtraReport {
  const isTooLarge = fetched instanceof ScrapeLimitError && fetched.limit === 'body_size_limit'
  const bodyBytes = fetched instanceof Error ? (isTooLarge ? -1 : 0) : fetched.body.length
  return { timeoutMs, sampleLimit: job.limits.samples, bodyBytes }
}

const pageRules = (job: ScrapeJob, target: Target, external: Labels): PageRules => ({
  target: target.labels,
  external,
  honorLabels: job.honorLabels,
  honorTimestamps: job.honorTimestamps,
  trackTimestampsStaleness: job.trackTimestampsStaleness,
  metricRelabel: job.metricRelabel,
  keepsAll: job.metricRelabelRules.length === 0,
  limits: job.limits,
  nameValidation: job.nameValidation,
})

import type { Metrics } from '@clymene/runtime'

export type ScrapeMetrics = ReturnType<typeof scrapeMetrics>

/** The own metrics of scraping. */
export const scrapeMetrics = (metrics: Metrics) => ({
  scrapes: metrics.counter('clymene_agent_scrapes_total', 'Scrapes that ended, by result (ok, failed).', ['scrape_job', 'result']),
  skipped: metrics.counter(
    'clymene_agent_scrapes_skipped_total',
    'Scrapes that were due while the target was still being scraped, its last samples were not yet accepted, or the buffer took nothing (its disk does not, or it is full with --buffer.full=refuse).',
    ['scrape_job'],
  ),
  limits: metrics.counter('clymene_agent_scrape_limits_exceeded_total', 'Scrapes that failed by a limit of their job.', [
    'scrape_job',
    'limit',
  ]),
  samples: metrics.counter('clymene_agent_scraped_samples_total', 'Samples handed on, staleness markers and report series among them.', [
    'scrape_job',
  ]),
  dropped: metrics.counter(
    'clymene_agent_scraped_samples_dropped_total',
    'Samples of a good scrape that were not handed on: a second one for the same series and time (duplicate), an exposed time before one that was sent (out_of_order), an exposed time over ten minutes ahead (out_of_bounds).',
    ['scrape_job', 'reason'],
  ),
  seriesLeftOut: metrics.gauge(
    'clymene_agent_series_left_out',
    'Series of the last scrapes that were not handed on because their target or job has as many as it may (--scrape.series-limit-per-target, --scrape.series-limit-per-job); the page /cardinality names the labels that grow.',
    ['scrape_job'],
  ),
  growing: metrics.gauge(
    'clymene_agent_series_growing_label_values',
    'While series are left out: the labels of the job that have most values, at most ten, and how many they have in one target, of at most 1,000 series that were looked at.',
    ['scrape_job', 'label'],
  ),
  series: metrics.gauge('clymene_agent_series', 'Series of the last good scrapes.', ['scrape_job']),
  exemplarsLeftOut: metrics.counter(
    'clymene_agent_exemplars_left_out_total',
    'Exemplars that were not handed on: more than 10,000 new ones in a scrape, or labels that no store takes.',
    ['scrape_job'],
  ),
  metadataLeftOut: metrics.counter(
    'clymene_agent_metadata_left_out_total',
    'Metadata of families that was not handed on because there is more of it than the agent keeps.',
  ),
  lost: metrics.counter(
    'clymene_agent_scraped_samples_lost_total',
    'Samples that were handed on and not accepted: by the buffer, until it is known to take nothing and scrapes are skipped, or at a forced stop.',
    ['scrape_job'],
  ),
  duration: metrics.histogram('clymene_agent_scrape_duration_seconds', 'From the request to the last sample parsed.', ['scrape_job']),
  targets: metrics.gauge('clymene_agent_scrape_targets', 'Targets being scraped.', ['scrape_job']),
  mistakes: metrics.gauge('clymene_agent_scrape_targets_invalid', 'Discovered targets that cannot be scraped: no address, wrong labels.', [
    'scrape_job',
  ]),
})

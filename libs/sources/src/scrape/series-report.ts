import type { Logger } from '@clymene/model'

import type { PageCounts } from './page-counts.ts'
import type { PageWriter } from './page-writer.ts'
import type { ScrapeMetrics } from './scrape-metrics.ts'

/** Says how many series a target has and how many are left out: in metrics, and in the log when that begins and ends. */
export function createSeriesReport(metrics: Pick<ScrapeMetrics, 'series' | 'seriesLeftOut'>, jobName: string, logger: Logger) {
  let [shown, shownLeftOut] = [0, 0]

  function show(series: number, leftOut: number): void {
    metrics.series.inc({ scrape_job: jobName }, series - shown)
    metrics.seriesLeftOut.inc({ scrape_job: jobName }, leftOut - shownLeftOut)
    ;[shown, shownLeftOut] = [series, leftOut]
  }

  return {
    leftOut: () => shownLeftOut,
    /** A scrape has ended. */
    scraped(pages: Pick<PageWriter, 'series' | 'growingLabels'>, { leftOut }: Pick<PageCounts, 'leftOut'>): void {
      if (leftOut > 0 && shownLeftOut === 0) {
        const labels = pages
          .growingLabels()
          .map(({ name, values, sampled }) => `${name} (${values} values${sampled === undefined ? '' : ` in ${sampled} sampled series`})`)
        logger.warn('too many series: the newest are left out, the rest goes on', { leftOut, series: pages.series(), growing: labels })
      } else if (leftOut === 0 && shownLeftOut > 0) logger.info('all series are sent again')
      show(pages.series(), leftOut)
    },
    /** There will be no further scrape. */
    close: () => show(0, 0),
  }
}

import { labelValue, type Labels, type TimeSeries } from '@clymene/model'
import { redactUrls } from '@clymene/runtime'
import { explainSeries, explainTarget } from '@clymene/sources'

import { shownSeries } from '../pages/shown-labels.ts'
import type { Candidate, ExplainedStep } from './explanation.ts'
import { scrapeOnce } from './scrape-once.ts'

/** What a scrape of now says of the target, and of the series. */
export async function liveStep(candidate: Candidate, series: ReadonlyMap<string, string> | undefined): Promise<ExplainedStep> {
  const scraped = await scrapeOnce(candidate)
  const failed = scraped.error === '' ? [] : [`it failed: ${redactUrls(scraped.error)}`]
  const about = REPORTS.flatMap((name) => {
    const one = scraped.series.find(({ labels }) => labelValue(labels, '__name__') === name)
    return one === undefined ? [] : [`${name} ${valueOf(one)}`]
  })
  const asked = series === undefined ? [] : [presence(candidate, series, scraped.series)]
  return { stage: 'live scrape', note: [...failed, ...about, ...asked].join(', ') }
}

const REPORTS = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling']

function presence({ job, externalLabels, found }: Candidate, exposed: ReadonlyMap<string, string>, scraped: readonly TimeSeries[]): string {
  const { target } = explainTarget(job, found)
  const wanted = target && explainSeries(job, target.labels, externalLabels, exposed).labels
  if (wanted === undefined) return 'the series would not be sent'
  const one = scraped.find(({ labels }) => isSame(labels, wanted))
  if (one !== undefined) return `the series is there: ${valueOf(one)}`
  const name = labelValue(wanted, '__name__')
  const others = scraped.filter(({ labels }) => labelValue(labels, '__name__') === name)
  const [first] = others
  const like = first === undefined ? '' : `, the first ${JSON.stringify(Object.fromEntries(shownSeries(first.labels, externalLabels)))}`
  return `the series is not on the page; of ${name} there are ${others.length}${like}`
}

const isSame = (a: Labels, b: Labels): boolean => JSON.stringify(a) === JSON.stringify(b)

const valueOf = ({ samples: [sample] }: TimeSeries): string => String(sample?.value)

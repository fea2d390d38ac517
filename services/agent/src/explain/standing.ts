import type { Labels } from '@clymene/model'
import type { ScrapeTarget, SeriesStanding } from '@clymene/sources'

/** How a target fares where an agent scrapes it. */
export type Standing = {
  /** Absent: no agent scrapes it. */
  readonly seen?: ScrapeTarget
  /** Its series beside their limits; undefined: it has gone since. */
  readonly standing?: () => SeriesStanding | undefined
}

/** Where it ends, and what is said of it. */
export type Verdict = { readonly passes: boolean; readonly verdict: string }

/** Of a target whose page is not sent; undefined: nothing is known against it. */
function refusalOf({ seen }: Standing): Verdict | undefined {
  if (seen?.health !== 'down') return undefined
  return { passes: false, verdict: `nothing of this target is sent: ${seen.lastError}` }
}

/** Of a target that the rules let pass. */
export function targetVerdict(standing: Standing, times: string): Verdict {
  return refusalOf(standing) ?? { passes: true, verdict: `the target ${standing.seen === undefined ? 'would be' : 'is'} scraped ${times}` }
}

/** Of a series that the rules let pass. @param labels as it is sent */
export function seriesVerdict(of: Standing, labels: Labels): Verdict {
  const { seen, standing } = of
  const refused = refusalOf(of)
  if (refused !== undefined) return refused
  const would = 'the series would be sent'
  if (seen === undefined) return { passes: true, verdict: would }
  if (seen.lastScrapeMs === 0) return { passes: true, verdict: `${would}: the target was not scraped yet` }
  const told = standing?.()
  if (told === undefined || told.sends(labels)) return { passes: true, verdict: 'the series is sent' }
  if (told.leftOut === 0) return { passes: true, verdict: `${would}: the last page does not have it` }
  const left = `${told.leftOut.toLocaleString('en-US')} of this target are left out, the newest`
  return { passes: false, verdict: `the series is not among those that are sent: over ${fullLimit(told)}, ${left}` }
}

/** `--scrape.series-limit-per-target=2000`: which of the two has no room. */
const fullLimit = ({ series, limit, job }: SeriesStanding): string =>
  limit > 0 && (series >= limit || job.limit === 0) ? `${PER_TARGET}=${limit}` : `${PER_JOB}=${job.limit}`

/** The limits that are set, as the flags are written. */
export function seriesLimits({ standing }: Standing): readonly string[] {
  const told = standing?.()
  if (told === undefined) return []
  return [
    ...(told.limit > 0 ? [`${PER_TARGET} ${told.limit}`] : []),
    ...(told.job.limit > 0 ? [`${PER_JOB} ${told.job.limit}`] : []),
    ...(told.leftOut > 0 ? [`${told.leftOut.toLocaleString('en-US')} series left out`] : []),
  ]
}

const PER_TARGET = '--scrape.series-limit-per-target'
const PER_JOB = '--scrape.series-limit-per-job'

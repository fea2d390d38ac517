import type { Placed } from './evidence.ts'
import type { Page } from './exporter.ts'
import type { Trouble } from './inject.ts'
import { pageSeries, upSeries } from './producers.ts'
import { SCRAPE_INTERVAL_MS } from './services.ts'

/** What a killed agent had asked for and not written yet: no more than a scrape may last, twice for busy machines. */
const AROUND_MS = 2 * SCRAPE_INTERVAL_MS

export type TakenOptions = {
  readonly troubles: readonly Pick<Trouble, 'fault' | 'fromMs' | 'toMs'>[]
  readonly kafka: readonly Placed[]
  readonly pages: readonly Page[]
  readonly address: string
  readonly cluster: string
}

/**
 * Was this page taken in by the agent? It was, unless the agent itself was hit at that moment, or says that its scrape failed: then
 * there is an `up 0` between those of the pages before and after it.
 */
export function createTakenPages({ troubles, kafka, pages, address, cluster }: TakenOptions): (page: Page) => boolean {
  const onAgent = troubles.filter(({ fault }) => (fault.on === 'agent' && fault.kind !== 'clock') || fault.kind === 'full-disk')
  const wasHit = ({ atMs }: Page): boolean => onAgent.some(({ fromMs, toMs }) => atMs > fromMs - AROUND_MS && atMs < toMs + AROUND_MS)
  const failed = new Set(
    [...Map.groupBy(pages, ({ path }) => path)].flatMap(([path, served]) =>
      failedPages(
        served.filter((page) => !wasHit(page)),
        outcomesOf(kafka, upSeries(path, address, cluster), pageSeries(path, address, cluster)),
      ),
    ),
  )
  return (page) => !wasHit(page) && !failed.has(page)
}

/** What Kafka has of a target, in its order: the number of a page, or that a scrape failed. */
type Outcome = number | 'failed'

function outcomesOf(kafka: readonly Placed[], up: string, page: string): readonly Outcome[] {
  const seen = new Set<string>()
  return kafka.flatMap(({ series, time, value }): Outcome[] => {
    const isOutcome = series === page ? value !== 'NaN' : series === up && value === '0'
    if (!isOutcome || seen.has(`${series} ${time} ${value}`)) return []
    seen.add(`${series} ${time} ${value}`)
    return [series === page ? Number(value) : 'failed']
  })
}

/** Each failed scrape explains one page that is missing at that place. */
function failedPages(served: readonly Page[], outcomes: readonly Outcome[]): readonly Page[] {
  const there = new Set(outcomes)
  const missing = served.filter(({ number }) => !there.has(number))
  let after = 0
  const failures: number[] = []
  for (const outcome of outcomes) {
    if (outcome === 'failed') failures.push(after)
    else after = outcome
  }
  // Of the pages behind the same one as many are explained as scrapes failed there.
  const explained: Page[] = []
  for (const page of missing) {
    const before = outcomes.findLast((outcome) => outcome !== 'failed' && outcome < page.number) ?? 0
    const failure = failures.indexOf(Number(before))
    if (failure === -1) continue
    failures.splice(failure, 1)
    explained.push(page)
  }
  return explained
}

import type { Placed } from './evidence.ts'
import type { Page } from './exporter.ts'
import type { Trouble } from './inject.ts'
import { upSeries } from './producers.ts'
import { SCRAPE_INTERVAL_MS } from './services.ts'

/** What a killed agent had asked for and not written yet: no more than a scrape may last, twice for busy machines. */
const AROUND_MS = 2 * SCRAPE_INTERVAL_MS

export type TakenOptions = {
  readonly troubles: readonly Trouble[]
  readonly kafka: readonly Placed[]
  readonly address: string
  readonly cluster: string
}

/**
 * Was this page taken in by the agent? It was, unless the agent itself was hit at that moment, or it says by `up 0` that the scrape
 * failed.
 */
export function createTakenPages({ troubles, kafka, address, cluster }: TakenOptions): (page: Page) => boolean {
  const onAgent = troubles.filter(({ fault }) => fault.on === 'agent' || fault.kind === 'full-disk')
  const failures = Map.groupBy(
    kafka.filter(({ value, series }) => value === '0' && series.startsWith('up{')),
    ({ series }) => series,
  )
  return ({ path, atMs }) =>
    !onAgent.some(({ fromMs, toMs }) => atMs > fromMs - AROUND_MS && atMs < toMs + AROUND_MS) &&
    !(failures.get(upSeries(path, address, cluster)) ?? []).some(({ time }) => Math.abs(Number(time) - atMs) < AROUND_MS)
}

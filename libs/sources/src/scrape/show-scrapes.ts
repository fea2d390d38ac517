import { hostname } from 'node:os'

import type { Labels } from '@clymene/model'

import type { ScrapeCardinality, ScrapeTargets, TargetCardinality, TargetMetadata, SeriesStanding } from './scrape-view.ts'
import type { TargetPool } from './target-pool.ts'
import type { Target } from './target.ts'

export const showTargets = (pools: readonly TargetPool[]): ScrapeTargets => ({
  active: pools.flatMap((pool) =>
    pool.loops().map((loop) => {
      const { labels, discovered, intervalMs, timeoutMs, ...target } = loop.target()
      const url = urlOf(target)
      return { job: pool.job().name, url, globalUrl: globalUrl(url), labels, discovered, intervalMs, timeoutMs, ...loop.health() }
    }),
  ),
  dropped: pools.flatMap((pool) => pool.dropped().map(({ reason, discovered }) => ({ job: pool.job().name, reason, discovered }))),
  counts: new Map(pools.map((pool) => [pool.job().name, pool.counts()])),
})

export const showMetadata = (pools: readonly TargetPool[]): readonly TargetMetadata[] =>
  pools.flatMap((pool) => pool.loops().map((loop) => ({ job: pool.job().name, target: loop.target().labels, families: loop.families() })))

/** Labels are looked at where series are left out, and in the largest targets. */
export function showCardinality(pools: readonly TargetPool[]): ScrapeCardinality {
  const loops = pools.flatMap((pool) => pool.loops().map((loop) => ({ job: pool.job().name, loop, ...loop.series() })))
  loops.sort((a, b) => b.leftOut - a.leftOut || b.series - a.series)
  const targets = loops.map(({ job, loop, series, limit, leftOut }, index): TargetCardinality => {
    const target = loop.target()
    const labels = index < LOOKED_AT ? loop.growingLabels() : []
    return { job, target: target.labels, url: urlOf(target), series, limit, leftOut, labels }
  })
  return {
    jobs: pools.map((pool) => ({ job: pool.job().name, ...pool.series() })),
    targets: targets.toSorted((a, b) => b.series - a.series),
  }
}

export function showSeries(pool: TargetPool | undefined, url: string, labels: Labels): SeriesStanding | undefined {
  const identity = JSON.stringify(labels)
  const loop = pool?.loops().find((one) => urlOf(one.target()) === url && JSON.stringify(one.target().labels) === identity)
  return pool && loop && { ...loop.series(), job: pool.series(), sends: loop.sends }
}

const LOOKED_AT = 20

const urlOf = ({ url }: Pick<Target, 'url'>): string => url.origin + url.path

/** As Prometheus does: a loopback host means this machine, which others know by its name. */
function globalUrl(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  if (!LOOPBACK.has(parsed.hostname)) return url
  const origin = `${parsed.protocol}//${parsed.host}`
  return url.startsWith(origin)
    ? `${parsed.protocol}//${hostname()}${parsed.port === '' ? '' : `:${parsed.port}`}${url.slice(origin.length)}`
    : url
}

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

import { ConfigError, type Label } from '@clymene/model'
import { redactUrls, type PageReply, type PageRequest } from '@clymene/runtime'
import { formatPrometheusDuration, type FamilyMetadata, type TargetMetadata } from '@clymene/sources'

import { activeRows, droppedRows, jobNames, type ActiveRow, type AgentView, type DroppedRow } from './agent-view.ts'
import { answered, listPieces, streamedSuccess, success } from './api-answer.ts'
import { logTargets } from './log-api.ts'
import { redactedYaml } from './redacted-yaml.ts'
import { createSelection, parseSelector } from './selector.ts'
import { shownLabels } from './shown-labels.ts'

type Api = (view: AgentView, request: PageRequest) => PageReply

/**
 * What tools ask a Prometheus for about its targets, in its shapes, and what it has no shape for.
 *
 * @see https://prometheus.io/docs/prometheus/latest/querying/api/#targets
 */
export const PROMETHEUS_API: ReadonlyMap<`/api/v1/${string}`, Api> = new Map([
  ['/api/v1/targets', targets],
  ['/api/v1/targets/metadata', (view, request) => answered(() => metadata(view, request))],
  ['/api/v1/log-targets', logTargets],
  ['/api/v1/scrape_pools', (view) => success({ scrapePools: jobNames(view) })],
  ['/api/v1/status/config', (view) => success({ yaml: configuration(view) })],
  [
    '/api/v1/status/buildinfo',
    ({ version }) => success({ version, revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' }),
  ],
] satisfies [`/api/v1/${string}`, Api][])

function targets(view: AgentView, { query }: PageRequest): PageReply {
  const state = (query.get('state') ?? '').toLowerCase()
  const pool = query.get('scrapePool') ?? ''
  const isWanted = ({ job }: { readonly job: string }): boolean => pool === '' || job === pool
  const shows = (one: string): boolean => ['', 'any', one].includes(state)
  const counts = view.scraped().flatMap(({ source }) => [...source.targets().counts].map(([job, { dropped }]) => [job, dropped] as const))
  return streamedSuccess(
    (function* () {
      yield '{"activeTargets":'
      yield* listPieces(shows('active') ? activeRows(view).filter(isWanted) : [], activeTarget)
      yield ',"droppedTargets":'
      yield* listPieces(shows('dropped') ? droppedRows(view).filter(isWanted) : [], droppedTarget)
      yield `,"droppedTargetCounts":${JSON.stringify(shows('dropped') ? Object.fromEntries(counts) : null)}}`
    })(),
  )
}

const activeTarget = (row: ActiveRow): unknown => ({
  discoveredLabels: labelObject(row.discovered),
  labels: labelObject(row.labels),
  scrapePool: row.job,
  scrapeUrl: redactUrls(row.url),
  globalUrl: redactUrls(row.globalUrl),
  lastError: redactUrls(row.lastError),
  // The zero time of Go: never.
  lastScrape: row.lastScrapeMs === 0 ? '0001-01-01T00:00:00Z' : new Date(row.lastScrapeMs).toISOString(),
  lastScrapeDuration: row.lastDurationSeconds,
  health: row.health,
  scrapeInterval: formatPrometheusDuration(row.intervalMs),
  scrapeTimeout: formatPrometheusDuration(row.timeoutMs),
})

const droppedTarget = ({ discovered, job }: DroppedRow): unknown => ({ discoveredLabels: labelObject(discovered), scrapePool: job })

/** Made as own properties: `__proto__` is a name like others. */
const labelObject = (labels: Iterable<Label>): unknown => Object.fromEntries(shownLabels(labels))

function metadata(view: AgentView, { query }: PageRequest): PageReply {
  const matchTarget = query.get('match_target') ?? ''
  const matches = matchTarget === '' ? () => true : createSelection(parseSelector(matchTarget))
  const metric = query.get('metric') ?? ''
  const limit = limitOf(query.get('limit') ?? '')
  const found = view
    .scraped()
    .flatMap(({ source }) => source.metadata())
    .filter(({ target }) => matches(target))
  return streamedSuccess(listPieces(entriesOf(found, metric, limit), (entry) => entry))
}

/** As Prometheus counts: a target that is begun is told whole. */
function* entriesOf(found: readonly TargetMetadata[], metric: string, limit: number): Iterable<unknown> {
  let count = 0
  for (const { target, families } of found) {
    if (count >= limit) return
    const labels = labelObject(target)
    const of = (family: FamilyMetadata | undefined, name: object): unknown =>
      family && { target: labels, ...name, type: family.type, help: family.help, unit: family.unit }
    const entries = metric === '' ? [...families].map(([name, family]) => of(family, { metric: name })) : [of(families.get(metric), {})]
    for (const entry of entries) {
      if (entry === undefined) continue
      count++
      yield entry
    }
  }
}

function limitOf(text: string): number {
  if (text === '') return Infinity
  if (!/^[+-]?\d+$/.test(text)) throw new ConfigError('limit must be a number')
  return Number(text) < 0 ? Infinity : Number(text)
}

/** Of several configurations each is a document of its own. */
const configuration = (view: AgentView): string =>
  [...view.scraped(), ...(view.logs?.()?.texts ?? []).map((text) => ({ texts: [text] }))]
    .map(({ texts: [main] }) => (main === undefined ? '' : redactedYaml(main.text)))
    .filter((text) => text !== '')
    .join('---\n')

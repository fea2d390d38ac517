import { redactUrls, type PageRequest } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'

import { activeRows, allJobNames, compare, droppedRows, type ActiveRow, type AgentView, type DroppedRow } from './agent-view.ts'
import { discoveryTable } from './discovery-table.ts'
import { dropReason } from './drop-reason.ts'
import { html, type Html, NOTHING } from './html.ts'
import { jobsWithoutTargets, logJobsWithoutTargets } from './jobs-without-targets.ts'
import { labelChips } from './label-chips.ts'
import { renderPage } from './layout.ts'
import { createSearch, filterForm, listed, number } from './listing.ts'
import { logDiscoverySection } from './log-discovery.ts'
import { type LogTargetRow, logTargetRows, logTexts } from './log-rows.ts'
import { relabelSteps } from './relabel-steps.ts'
import { shownLabels, shownTexts } from './shown-labels.ts'

const PATH = '/service-discovery'
const STATES = [
  ['', 'all targets'],
  ['active', 'scraped or read'],
  ['dropped', 'dropped'],
] as const

type Row = ActiveRow | DroppedRow

/** What was discovered, before and after relabelling, what was dropped and by which rule. */
export function discoveryPage(view: AgentView, { query }: PageRequest) {
  const [job, state, matches] = [query.get('scrapePool') ?? '', query.get('state') ?? '', createSearch(query)]
  const all: readonly Row[] = [...activeRows(view), ...droppedRows(view)].toSorted((a, b) => compare(a.job, b.job))
  const logs = logTargetRows(view, [])
  const isAsked = (row: Row | LogTargetRow): boolean =>
    (job === '' || row.job === job) &&
    (state === '' || state === (row.state === 'dropped' ? 'dropped' : 'active')) &&
    matches('kind' in row ? logTexts(row) : textsOf(row))
  const { rows, pager } = listed([...all, ...logs].filter(isAsked), PATH, query)
  const jobs = new Map(view.scraped().flatMap((config) => config.jobs.map((one) => [one.name, one] as const)))
  const counts = countsOf(view, all)
  const logsByJob = Map.groupBy(logs, (row) => row.job)
  const scraped = Map.groupBy(
    rows.flatMap((row) => ('kind' in row ? [] : [row])),
    (row) => row.job,
  )
  const read = Map.groupBy(
    rows.flatMap((row) => ('kind' in row ? [row] : [])),
    (row) => row.job,
  )
  const body = html`${filterForm(PATH, query, allJobNames(view), STATES)}
  ${[...scraped].map(([name, of]) => jobSection(name, of, counts.get(name), jobs.get(name)))}${jobsWithoutTargets(view, all, query, '0 scraped, 0 dropped')}
  ${[...read].map(([name, of]) => logDiscoverySection(name, of, logsByJob.get(name) ?? of))}${logJobsWithoutTargets(view, logs, query)}${pager}`
  return renderPage(view, { title: 'Service discovery', path: PATH, body })
}

type Counts = { readonly active: number; readonly dropped: number; readonly otherShards: number; readonly kept: number }

function countsOf(view: AgentView, rows: readonly Row[]): ReadonlyMap<string, Counts> {
  const told = new Map(view.scraped().flatMap(({ source }) => [...source.targets().counts]))
  return new Map(
    [...Map.groupBy(rows, (row) => row.job)].map(([name, of]) => {
      const kept = of.filter((row) => row.state === 'dropped').length
      const { dropped, otherShards } = told.get(name) ?? { dropped: kept, otherShards: 0 }
      return [name, { active: of.length - kept, dropped, otherShards, kept }]
    }),
  )
}

function jobSection(name: string, rows: readonly Row[], counts: Counts | undefined, job: ScrapeJob | undefined): Html {
  const { active, dropped, otherShards, kept } = counts ?? { active: 0, dropped: 0, otherShards: 0, kept: 0 }
  const parts = [
    `${number(active)} scraped`,
    `${number(dropped)} dropped`,
    ...(otherShards > 0 ? [`${number(otherShards)} of other shards`] : []),
    ...(kept < dropped ? [`only ${number(kept)} dropped ones are kept to be shown (keep_dropped_targets)`] : []),
  ]
  return discoveryTable(
    name,
    parts,
    rows.map((row) => targetRow(row, job)),
  )
}

const targetRow = (row: Row, job: ScrapeJob | undefined): Html =>
  html`<tr>
    <td data-h="Discovered">${labelChips(shownLabels(row.discovered))}</td>
    <td data-h="Target">
      ${row.state === 'active' ? labelChips(shownLabels(row.labels)) : dropped(row)}${job === undefined ? NOTHING : relabelSteps(job.relabelRules, row.discovered)}
    </td>
  </tr> `

const dropped = (row: DroppedRow): Html => html`<span class="s dropped">dropped</span> by <code>${dropReason(row)}</code>`

function* textsOf(row: Row): Iterable<string> {
  yield* shownTexts(row.discovered)
  if (row.state === 'active') yield* shownTexts(row.labels)
  else yield redactUrls(row.reason)
}

import { redactUrls, type PageRequest } from '@clymene/runtime'
import { formatPrometheusDuration, type TargetCardinality } from '@clymene/sources'

import { activeRows, allJobNames, type ActiveRow, type AgentView } from './agent-view.ts'
import { html, type Html, NOTHING } from './html.ts'
import { jobsWithoutTargets, logJobsWithoutTargets } from './jobs-without-targets.ts'
import { labelChips, linkedUrl } from './label-chips.ts'
import { renderPage } from './layout.ts'
import { type Choice, createSearch, filterForm, linkTo, listed, number } from './listing.ts'
import { logRows, logTexts } from './log-rows.ts'
import { LOG_STATES, logSection, stateMark } from './log-section.ts'
import { shownLabels, shownTexts } from './shown-labels.ts'

const PATH = '/targets'
const STATES = [
  ['up', 'up'],
  ['down', 'down'],
  ['unknown', 'unknown'],
] as const

/** What is scraped and what is read, by job: state, last error, labels before and after relabelling; series, or how far. */
export function targetsPage(view: AgentView, { query }: PageRequest, nowMs: number) {
  const [all, logs] = [activeRows(view), logRows(view)]
  const [job, state, matches] = [query.get('scrapePool') ?? '', query.get('state') ?? '', createSearch(query)]
  const isAsked = (row: Row): boolean =>
    (job === '' || row.job === job) && (state === '' || stateOf(row) === state) && matches('kind' in row ? logTexts(row) : textsOf(row))
  const { rows, pager } = listed([...all, ...logs].filter(isAsked), PATH, query)
  const series = new Map(
    view.scraped().flatMap(({ source }) => source.cardinality().targets.map((one) => [keyOf(one.job, one.url, one.target), one])),
  )
  const [byJob, logsByJob] = [Map.groupBy(all, (row) => row.job), Map.groupBy(logs, (row) => row.job)]
  const severalStorages = new Set(logs.flatMap((row) => (row.kind === 'file' ? [row.storage] : []))).size > 1
  const scraped = Map.groupBy(
    rows.flatMap((row) => ('kind' in row ? [] : [row])),
    (row) => row.job,
  )
  const read = Map.groupBy(
    rows.flatMap((row) => ('kind' in row ? [row] : [])),
    (row) => row.job,
  )
  const body = html`${filterForm(PATH, query, allJobNames(view), statesOf(view))}${summary(view, all, logs, query)}
  ${[...scraped].map(([name, of]) => jobSection(name, of, byJob.get(name) ?? of, series, nowMs))}${jobsWithoutTargets(view, all, query, '0 of 0 up')}
  ${[...read].map(([name, of]) => logSection(name, of, logsByJob.get(name) ?? of, severalStorages))}${logJobsWithoutTargets(view, logs, query)}${pager}`
  return renderPage(view, { title: 'Targets', path: PATH, body })
}

type Row = ActiveRow | ReturnType<typeof logRows>[number]

const stateOf = (row: Row): string => ('kind' in row ? row.state : row.health)

/** Those that there can be. */
const statesOf = (view: AgentView): readonly Choice[] => [
  ['', 'all states'],
  ...(view.scraped().length > 0 ? STATES : []),
  ...(view.logs?.() === undefined ? [] : LOG_STATES),
]

function summary(view: AgentView, all: readonly ActiveRow[], logs: readonly Row[], query: URLSearchParams): Html {
  const link = (state: string, mark: Html): Html => html`<a href="${linkTo(PATH, query, { state, page: '' })}">${mark}</a> `
  const count = (rows: readonly Row[], state: string): number => rows.filter((row) => stateOf(row) === state).length
  const scrapes = STATES.map(([state]) => link(state, html`<span class="s ${state}">${number(count(all, state))} ${state}</span>`))
  const files = LOG_STATES.flatMap(([state, text]) => {
    const found = count(logs, state)
    return found > 0 || state === 'ready' ? [link(state, stateMark(state, `${number(found)} ${text}`))] : []
  })
  return html`<p>${view.scraped().length > 0 ? scrapes : []}${view.logs?.() === undefined ? [] : files}</p>`
}

function jobSection(
  name: string,
  rows: readonly ActiveRow[],
  all: readonly ActiveRow[],
  series: ReadonlyMap<string, TargetCardinality>,
  nowMs: number,
): Html {
  const up = all.filter(({ health }) => health === 'up').length
  return html`<h2>${name} <small>${number(up)} of ${number(all.length)} up</small></h2>
    <table>
      <colgroup>
        <col class="c3" />
        <col class="c1" />
        <col class="c4" />
        <col class="c2" />
        <col class="c1" />
        <col class="c1" />
      </colgroup>
      <thead>
        <tr>
          <th>Endpoint</th>
          <th>State</th>
          <th>Labels</th>
          <th>Last scrape</th>
          <th class="n">Duration</th>
          <th class="n">Series</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => targetRow(row, series.get(keyOf(row.job, row.url, row.labels)), nowMs))}
      </tbody>
    </table>`
}

function targetRow(row: ActiveRow, series: TargetCardinality | undefined, nowMs: number): Html {
  const { health, lastError, lastScrapeMs, lastDurationSeconds, intervalMs, timeoutMs } = row
  const times = `every ${formatPrometheusDuration(intervalMs)}, at most ${formatPrometheusDuration(timeoutMs)}`
  return html`<tr>
    <td>${linkedUrl(redactUrls(row.url))}${lastError === '' ? NOTHING : html`<div class="error">${redactUrls(lastError)}</div>`}</td>
    <td data-h="State"><span class="s ${health}">${health}</span></td>
    <td>
      ${labelChips(shownLabels(row.labels))}
      <details>
        <summary>before relabelling</summary>
        ${labelChips(shownLabels(row.discovered))}
      </details>
    </td>
    <td data-h="Last scrape">
      ${lastScrapeMs === 0 ? 'never' : html`<time datetime="${new Date(lastScrapeMs).toISOString()}">${ago(nowMs - lastScrapeMs)}</time>`}
      <div class="dim">${times}</div>
    </td>
    <td class="n" data-h="Duration">${lastScrapeMs === 0 ? '' : `${number(Math.round(lastDurationSeconds * 1000))} ms`}</td>
    <td class="n" data-h="Series">${series === undefined ? '' : number(series.series)}</td>
  </tr> `
}

function* textsOf({ url, lastError, labels }: ActiveRow): Iterable<string> {
  yield redactUrls(url)
  yield redactUrls(lastError)
  yield* shownTexts(labels)
}

const keyOf = (job: string, url: string, labels: ActiveRow['labels']): string => JSON.stringify([job, url, labels])

const ago = (ms: number): string =>
  ms < 60_000 ? `${Math.max(Math.round(ms / 1000), 0)} s ago` : `${number(Math.round(ms / 60_000))} min ago`

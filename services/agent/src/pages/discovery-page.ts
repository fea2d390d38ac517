import { explainRelabel } from '@clymene/relabel'
import { redactUrls, type PageRequest } from '@clymene/runtime'
import type { ScrapeJob } from '@clymene/sources'

import { activeRows, compare, droppedRows, jobNames, type ActiveRow, type AgentView, type DroppedRow } from './agent-view.ts'
import { changesBetween } from './changes.ts'
import { dropReason } from './drop-reason.ts'
import { html, type Html, NOTHING } from './html.ts'
import { jobsWithoutTargets } from './jobs-without-targets.ts'
import { labelChips } from './label-chips.ts'
import { renderPage } from './layout.ts'
import { createSearch, filterForm, listed, number } from './listing.ts'
import { shownLabels, shownRule, shownTexts } from './shown-labels.ts'

const PATH = '/service-discovery'
const STATES = [
  ['', 'all targets'],
  ['active', 'scraped'],
  ['dropped', 'dropped'],
] as const

type Row = ActiveRow | DroppedRow

/** What was discovered, before and after relabelling, what was dropped and by which rule. */
export function discoveryPage(view: AgentView, { query }: PageRequest) {
  const [job, state, matches] = [query.get('scrapePool') ?? '', query.get('state') ?? '', createSearch(query)]
  const all: readonly Row[] = [...activeRows(view), ...droppedRows(view)].toSorted((a, b) => compare(a.job, b.job))
  const wanted = all.filter((row) => (job === '' || row.job === job) && (state === '' || row.state === state) && matches(textsOf(row)))
  const { rows, pager } = listed(wanted, PATH, query)
  const jobs = new Map(view.scraped().flatMap((config) => config.jobs.map((one) => [one.name, one] as const)))
  const counts = countsOf(view, all)
  const body = html`${filterForm(PATH, query, jobNames(view), STATES)}
  ${[...Map.groupBy(rows, (row) => row.job)].map(([name, of]) => jobSection(name, of, counts.get(name), jobs.get(name)))}${jobsWithoutTargets(view, all, query, '0 scraped, 0 dropped')}${pager}`
  return renderPage({ title: 'Service discovery', path: PATH, body })
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
  return html`<h2>${name} <small>${parts.join(', ')}</small></h2>
    <table>
      <colgroup>
        <col class="half" />
        <col class="half" />
      </colgroup>
      <thead>
        <tr>
          <th>Discovered labels</th>
          <th>Target labels</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => targetRow(row, job))}
      </tbody>
    </table>`
}

const targetRow = (row: Row, job: ScrapeJob | undefined): Html =>
  html`<tr>
    <td data-h="Discovered">${labelChips(shownLabels(row.discovered))}</td>
    <td data-h="Target">
      ${row.state === 'active' ? labelChips(shownLabels(row.labels)) : dropped(row)}${job === undefined ? NOTHING : steps(row, job)}
    </td>
  </tr> `

const dropped = (row: DroppedRow): Html => html`<span class="s dropped">dropped</span> by <code>${dropReason(row)}</code>`

/** What each rule did; rules that changed nothing are only counted. */
function steps({ discovered }: Row, job: ScrapeJob): Html {
  if (job.relabelRules.length === 0) return NOTHING
  const told = explainRelabel(job.relabelRules, discovered).flatMap((step) => {
    const changes = changesBetween(step.before, step.after)
    if (changes.length === 0 && !step.dropped) return []
    const effects = step.dropped ? ['drops it'] : changes
    return [
      html`<li value="${step.index}">
        <code>${shownRule(step.rule)}</code>${effects.map((text) => html`<div><code>${text}</code></div>`)}
      </li>`,
    ]
  })
  const title = `${told.length} of ${job.relabelRules.length} rules change it`
  return html`<details>
    <summary>${title}</summary>
    <ol>
      ${told}
    </ol>
  </details>`
}

function* textsOf(row: Row): Iterable<string> {
  yield* shownTexts(row.discovered)
  if (row.state === 'active') yield* shownTexts(row.labels)
  else yield redactUrls(row.reason)
}

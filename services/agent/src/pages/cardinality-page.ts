import { redactUrls, type PageRequest } from '@clymene/runtime'
import type { GrowingLabel, JobCardinality, TargetCardinality } from '@clymene/sources'

import { compare, jobNames, type AgentView } from './agent-view.ts'
import { html, type Html, NOTHING } from './html.ts'
import { labelChips } from './label-chips.ts'
import { renderPage } from './layout.ts'
import { createSearch, filterForm, listed, number } from './listing.ts'
import { shownLabels, shownTexts } from './shown-labels.ts'

const PATH = '/cardinality'
const STATES = [
  ['', 'all targets'],
  ['over', 'over a limit'],
] as const

/** Who has how many series, whose are left out, and the labels that grow. */
export function cardinalityPage(view: AgentView, { query }: PageRequest) {
  if (view.scraped().length === 0)
    return renderPage(view, { title: 'Cardinality', path: PATH, body: html`<p>This agent scrapes no metrics.</p>` })
  const [job, state, matches] = [query.get('scrapePool') ?? '', query.get('state') ?? '', createSearch(query)]
  const all = view.scraped().map(({ source }) => source.cardinality())
  const targets = all.flatMap((one) => one.targets).toSorted((a, b) => b.leftOut - a.leftOut || b.series - a.series)
  const wanted = targets.filter((row) => (job === '' || row.job === job) && (state === '' || row.leftOut > 0) && matches(textsOf(row)))
  const { rows, pager } = listed(wanted, PATH, query)
  const jobs = all.flatMap((one) => one.jobs).toSorted((a, b) => b.series - a.series || compare(a.job, b.job))
  const body = html`<h2>Jobs</h2>
    <table>
      <colgroup>
        <col class="c4" />
        <col class="c2" />
        <col class="c2" />
        <col class="c2" />
      </colgroup>
      <thead>
        <tr>
          <th>Job</th>
          <th class="n">Series</th>
          <th class="n">Limit</th>
          <th class="n">Left out</th>
        </tr>
      </thead>
      <tbody>
        ${jobs.slice(0, MOST_JOBS).map(jobRow)}
      </tbody>
    </table>
    ${jobs.length > MOST_JOBS ? html`<p class="dim">and ${number(jobs.length - MOST_JOBS)} more jobs with fewer series</p>` : NOTHING}
    <h2>Targets</h2>
    ${filterForm(PATH, query, jobNames(view), STATES)}
    <table>
      <colgroup>
        <col class="c3" />
        <col class="c1" />
        <col class="c1" />
        <col class="c1" />
        <col class="c4" />
      </colgroup>
      <thead>
        <tr>
          <th>Target</th>
          <th class="n">Series</th>
          <th class="n">Limit</th>
          <th class="n">Left out</th>
          <th>Labels with most values</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(targetRow)}
      </tbody>
    </table>
    ${pager}`
  return renderPage(view, { title: 'Cardinality', path: PATH, body })
}

const MOST_JOBS = 200

const counts = ({ series, limit, leftOut }: Pick<JobCardinality, 'series' | 'limit' | 'leftOut'>): Html =>
  html`<td class="n" data-h="Series">${number(series)}</td>
    <td class="n" data-h="Limit">${limit === 0 ? 'none' : number(limit)}</td>
    <td class="n" data-h="Left out">${leftOut === 0 ? '0' : html`<span class="s down">${number(leftOut)}</span>`}</td>`

const jobRow = (row: JobCardinality): Html =>
  html`<tr>
    <td>${row.job}</td>
    ${counts(row)}
  </tr> `

const targetRow = (row: TargetCardinality): Html =>
  html`<tr>
    <td>
      ${redactUrls(row.url)}
      <div>${labelChips(shownLabels(row.target))}</div>
    </td>
    ${counts(row)}
    <td data-h="Labels">${row.labels.length === 0 ? '–' : NOTHING}${row.labels.map(labelMark)}</td>
  </tr> `

const labelMark = ({ name, values, sampled }: GrowingLabel): Html =>
  html`<span class="l">${name}: ${number(values)} values${sampled === undefined ? '' : ` in ${number(sampled)} sampled series`}</span> `

function* textsOf({ url, target, labels }: TargetCardinality): Iterable<string> {
  yield redactUrls(url)
  yield* shownTexts(target)
  for (const { name } of labels) yield name
}

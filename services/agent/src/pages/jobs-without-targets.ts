import { compare, jobNames, type AgentView } from './agent-view.ts'
import { html, type Html, NOTHING } from './html.ts'
import { number } from './listing.ts'

/** Jobs that are named; the rest is counted. */
const MOST = 200

/**
 * A heading for each job that has no row in `rows`: what finds nothing is not to look as if it were not configured. On the first page,
 * and only where neither a state nor a text is asked for.
 *
 * @param tally of such a job, `0 of 0 up`.
 */
export function jobsWithoutTargets(view: AgentView, rows: Iterable<OfJob>, query: URLSearchParams, tally: string): Html {
  const counts = new Map(view.scraped().flatMap(({ source }) => [...source.targets().counts]))
  return emptyJobs({ names: jobNames(view), rows, query, tally, reasonOf: (name) => reasonOf(counts.get(name)) })
}

/** The same of jobs that read logs. */
export function logJobsWithoutTargets(view: AgentView, rows: Iterable<OfJob>, query: URLSearchParams): Html {
  const { jobs = [], otherJobs = [] } = view.logs?.() ?? {}
  const reads = new Map(otherJobs.map((job) => [job.name, `reads ${job.reads}, no files`]))
  const names = [...jobs, ...otherJobs].map(({ name }) => name).toSorted(compare)
  return emptyJobs({ names, rows, query, tally: '', reasonOf: (name) => reads.get(name) ?? 'no targets discovered' })
}

type OfJob = { readonly job: string }

type EmptyJobs = {
  readonly names: readonly string[]
  readonly rows: Iterable<OfJob>
  readonly query: URLSearchParams
  readonly tally: string
  readonly reasonOf: (name: string) => string
}

function emptyJobs({ names: all, rows, query, tally, reasonOf: why }: EmptyJobs): Html {
  const job = query.get('scrapePool') ?? ''
  const isFirst = ['', '1'].includes(query.get('page') ?? '')
  if (!isFirst || (query.get('state') ?? '') !== '' || (query.get('search') ?? '') !== '') return NOTHING
  const shown = new Set<string>()
  for (const row of rows) shown.add(row.job)
  const names = all.filter((name) => !shown.has(name) && (job === '' || name === job))
  return html`${names.slice(0, MOST).map(
    (name) =>
      html`<h2>${name} <small>${tally}</small></h2>
        <p class="dim">${why(name)}</p>`,
  )}${names.length > MOST ? html`<p class="dim">and ${number(names.length - MOST)} more jobs without targets</p>` : NOTHING}`
}

function reasonOf({ dropped, otherShards } = { dropped: 0, otherShards: 0 }): string {
  const where = [
    ...(dropped > 0 ? [`${number(dropped)} dropped`] : []),
    ...(otherShards > 0 ? [`${number(otherShards)} of other shards`] : []),
  ]
  return where.length === 0 ? 'no targets discovered' : `no targets here: ${where.join(', ')}`
}

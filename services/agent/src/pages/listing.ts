import { html, type Html, NOTHING } from './html.ts'

/** Rows on one page: what a browser shows at once, however many there are. */
const ROWS = 100

export type Listing<T> = {
  readonly rows: readonly T[]
  /** `1–100 of 10,000` and links to the pages around. */
  readonly pager: Html
}

/** The part of `rows` that `page` of the query asks for. */
export function listed<T>(rows: readonly T[], path: string, query: URLSearchParams): Listing<T> {
  const pages = Math.max(Math.ceil(rows.length / ROWS), 1)
  const page = Math.min(pageOf(query), pages)
  const from = (page - 1) * ROWS
  const shown = rows.slice(from, from + ROWS)
  const span = rows.length === 0 ? 'none' : `${number(from + 1)}–${number(from + shown.length)} of ${number(rows.length)}`
  const link = (to: number, text: string): Html =>
    to < 1 || to > pages ? NOTHING : html`<a href="${linkTo(path, query, { page: String(to) })}">${text}</a>`
  return {
    rows: shown,
    pager: html`<nav class="pages"><span class="dim">${span}</span>${link(page - 1, 'previous')}${link(page + 1, 'next')}</nav>`,
  }
}

const pageOf = (query: URLSearchParams): number => {
  const text = query.get('page') ?? '1'
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 1
}

/** The same page with other parameters; '' leaves one out. */
export function linkTo(path: string, query: URLSearchParams, changes: Readonly<Record<string, string>>): string {
  const next = new URLSearchParams([...query].filter(([name]) => FILTERS.includes(name)))
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name)
    else next.set(name, value)
  }
  return next.size === 0 ? path : `${path}?${next.toString()}`
}

const FILTERS = ['scrapePool', 'state', 'search', 'page']

/** Whether one of the texts holds what is searched for, upper and lower case alike. */
export function createSearch(query: URLSearchParams): (texts: Iterable<string>) => boolean {
  const wanted = (query.get('search') ?? '').trim().toLowerCase()
  if (wanted === '') return () => true
  return (texts) => {
    for (const text of texts) if (text.toLowerCase().includes(wanted)) return true
    return false
  }
}

export type Choice = readonly [value: string, text: string]

/** The filters of a list: its job, its state, a text. */
export function filterForm(path: string, query: URLSearchParams, jobs: readonly string[], states: readonly Choice[]): Html {
  const select = (name: string, label: string, choices: readonly Choice[]): Html =>
    html`<label
      >${label}<select name="${name}">
        ${choices.map(([value, text]) => option(value, text, query.get(name) ?? ''))}
      </select></label
    >`
  return html`<form action="${path}" method="get">
    ${select('scrapePool', 'Job', [['', 'all jobs'], ...jobs.map((job): Choice => [job, job])])}${select('state', 'State', states)}
    <label
      >Search<input type="search" name="search" value="${query.get('search') ?? ''}" placeholder="a label, an address, an error"
    /></label>
    <button>Show</button>
  </form>`
}

const option = (value: string, text: string, chosen: string): Html =>
  html`<option value="${value}" ${value === chosen ? SELECTED : NOTHING}>${text}</option>`

const SELECTED: Html = { html: ' selected' }

export const number = (value: number): string => value.toLocaleString('en-US')

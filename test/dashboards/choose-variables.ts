import type { BoardFile, Variable } from './board-files.ts'
import { type Chosen, type Durations, interpolate } from './interpolate.ts'
import { lokiLabelValues, prometheusLabelValues, type Span } from './store-queries.ts'
import { labelValuesOf } from './variable-query.ts'

export type Stores = { readonly prometheusUrl: string; readonly lokiUrl: string; readonly signal?: AbortSignal }

/** What somebody picks, by variable; a variable that is not in it keeps what a fresh board shows. */
export type Choice = Readonly<Record<string, string | readonly string[]>>

export type ChosenVariables = {
  readonly chosen: ReadonlyMap<string, Chosen>
  /** What could be chosen, by variable. */
  readonly choices: ReadonlyMap<string, readonly string[]>
  /** Variables without a choice, and choices that do not exist. */
  readonly problems: readonly string[]
}

/** Asks the stores for the choices of each variable, in the order of the board, as what is chosen in one narrows the next. */
export async function chooseVariables(
  board: BoardFile,
  stores: Stores,
  choice: Choice,
  span: Span,
  durations: Durations,
): Promise<ChosenVariables> {
  const chosen = new Map<string, Chosen>()
  const choices = new Map<string, readonly string[]>()
  const problems: string[] = []
  for (const variable of board.templating.list) {
    // oxlint-disable-next-line no-await-in-loop -- the next variable's query has this one's value in it
    const offered = await offeredValues(variable, stores, chosen, span, durations)
    const wanted = [choice[variable.name] ?? []].flat()
    if (offered !== undefined) {
      choices.set(variable.name, offered)
      if (offered.length === 0) problems.push(`variable ${variable.name}: the stores offer nothing to choose`)
      for (const value of wanted.filter((one) => !offered.includes(one))) {
        problems.push(`variable ${variable.name}: ${value} is not offered, only ${offered.join(', ')}`)
      }
    }
    chosen.set(variable.name, choose(variable, wanted, offered))
  }
  return { chosen, choices, problems }
}

/** Undefined for a variable whose value is not one of a store's. */
async function offeredValues(
  variable: Variable,
  { prometheusUrl, lokiUrl, signal }: Stores,
  chosen: ReadonlyMap<string, Chosen>,
  span: Span,
  durations: Durations,
): Promise<readonly string[] | undefined> {
  const asked = labelValuesOf(variable)
  if (asked === undefined) return undefined
  const selector = interpolate(asked.selector, chosen, durations)
  const values = asked.source === 'loki' ? lokiLabelValues : prometheusLabelValues
  const url = asked.source === 'loki' ? lokiUrl : prometheusUrl
  const found = await values({ url, ...(signal !== undefined && { signal }) }, asked.label, selector, span)
  return variable.regex === undefined || variable.regex === '' ? found : firstGroups(found, variable.regex)
}

/** A regular expression between slashes; values that it does not find are no choice, and those that become the same are one. */
const firstGroups = (values: readonly string[], regex: string): readonly string[] => [
  ...new Set(values.flatMap((value) => new RegExp(regex.slice(1, -1)).exec(value)?.[1] ?? [])),
]

/** A fresh board has the first value of each variable, or all where that is a choice. */
function choose(
  { type, multi = false, includeAll = false, allValue, query }: Variable,
  wanted: readonly string[],
  offered?: readonly string[],
): Chosen {
  if (wanted.length > 0) return { values: wanted, multi }
  if (type === 'custom' && typeof query === 'string') return { values: valuesOf(query).slice(0, 1), multi }
  if (offered === undefined) return { values: [typeof query === 'string' ? query : ''], multi: false }
  if (includeAll) return { values: offered, multi: true, ...(allValue !== undefined && { expression: allValue }) }
  return { values: offered.slice(0, 1), multi }
}

/** Of `text : value, …`, where a comma in a value has a backslash before it. */
const valuesOf = (query: string): readonly string[] =>
  (query.match(/(?:\\,|[^,])+/g) ?? []).map((one) => /^\s*(?:.+?\s:\s)?(.*?)\s*$/.exec(one)?.[1]?.replaceAll('\\,', ',') ?? '')

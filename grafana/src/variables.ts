import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'

import { LOKI, PROMETHEUS } from './queries.ts'

/** A board that was never saved has no choice: Grafana then takes the first that there is. */
const NONE_YET = { text: '', value: '' }

/** Which Prometheus (or Cortex, or Mimir) and which Loki the board reads. */
export const dataSources = () => [
  new DatasourceVariableBuilder('datasource')
    .label('Metrics')
    .description('A Prometheus data source: the store that Clymene writes metrics to')
    .type('prometheus')
    .current(NONE_YET)
    .allowCustomValue(false),
  new DatasourceVariableBuilder('loki_datasource')
    .label('Logs')
    .description('A Loki data source: the store that Clymene writes logs to')
    .type('loki')
    .current(NONE_YET)
    .allowCustomValue(false),
]

export type LabelVariable = {
  readonly name: string
  readonly title: string
  readonly description: string
  /** The series that have the label, as a selector; variables that stand before this one may be in it. */
  readonly series: string
  /** Default: the name of the variable. */
  readonly label?: string
  /** Of each value only what the first group finds, as `/^(.+?)-\\d+$/`. */
  readonly regex?: string
  /**
   * `many`: several values may be chosen; `all`: and none chosen means every one that is not empty; `any`: also what has no such label.
   * Default: exactly one.
   */
  readonly choice?: 'many' | 'all' | 'any'
}

/** The values of a label, sorted; asked for again when the time changes, so that what is gone is no choice any more. */
export function labelVariable({ name, title, description, series, label = name, regex, choice }: LabelVariable): QueryVariableBuilder {
  const query = `label_values(${series}, ${label})`
  const variable = new QueryVariableBuilder(name)
    .label(title)
    .description(description)
    .datasource(PROMETHEUS)
    .query({ qryType: 1, query, refId: `Variable-${name}` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    // oxlint-disable-next-line unicorn/no-array-sort -- a setting of a builder
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
    .multi(choice !== undefined)
    .current(choice === undefined ? NONE_YET : { text: [], value: [] })
  if (regex !== undefined) variable.regex(regex)
  return choice === 'all' || choice === 'any' ? everyOne(variable, choice === 'all' ? '.+' : '.*') : variable
}

const everyOne = (variable: QueryVariableBuilder, allValue: string): QueryVariableBuilder =>
  variable
    .multi(true)
    .includeAll(true)
    .allValue(allValue)
    .current({ text: ['All'], value: ['$__all'], selected: true })

/** What Loki takes for the values of a label. */
const LABEL_VALUES = 1

export type StreamVariable = {
  readonly name: string
  readonly title: string
  readonly description: string
  /** The streams that have the label, as a selector; variables that stand before this one may be in it. Empty means all. */
  readonly streams: string
  /** What all of them are: `.*` for streams without the label, too. Default: `.+`. */
  readonly all?: '.+' | '.*'
}

/** The values of a label of log streams, sorted, several or all of them to choose; asked for again when the time changes. */
export function streamVariable({ name, title, description, streams, all = '.+' }: StreamVariable): QueryVariableBuilder {
  const variable = new QueryVariableBuilder(name)
    .label(title)
    .description(description)
    .datasource(LOKI)
    .query({ label: name, stream: streams, type: LABEL_VALUES, refId: `Variable-${name}` })
    .definition(`label_values(${streams === '' ? '' : `${streams}, `}${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    // oxlint-disable-next-line unicorn/no-array-sort -- a setting of a builder
    .sort(VariableSort.AlphabeticalCaseInsensitiveAsc)
  return everyOne(variable, all)
}

/** Clusters of which a board shows several side by side; every one unless chosen. Selectors say `cluster=~"$cluster"`. */
export const clusters = (series = 'up') =>
  labelVariable({
    name: 'cluster',
    title: 'Cluster',
    description: 'One cluster, several or all: the label `cluster` that each agent sets',
    series,
    choice: 'all',
  })

/**
 * Narrows the lines of the log panels, as `${filter:raw}` between backticks; empty means every line. Without `:raw` a Grafana from before
 * 2025 puts backslashes before each `'`.
 */
export const logFilter = () =>
  new TextBoxVariableBuilder('filter')
    .label('Log filter')
    .description(
      'Only lines that this regular expression (RE2, upper or lower case) finds; empty for all lines. A backtick in it breaks the query: write \\x60',
    )
    .defaultValue('')
    .current(NONE_YET)

const LEVELS = [
  ['any', '.*'],
  ['error', 'error|err=|exception|panic|fatal|crit|^E[0-9]{4}'],
  ['warning', 'warn|^W[0-9]{4}'],
  ['info', 'info|^I[0-9]{4}'],
  ['debug', 'debug|trace'],
] as const

/**
 * Narrows the lines of log panels by how they name their level, as `${level:raw}` between backticks: a word in the line, or klog's letter. It
 * needs no label, which only some logs have.
 */
export const logLevel = () =>
  new CustomVariableBuilder('level')
    .label('Level')
    .description('Only lines that speak of this level: a word anywhere in the line, or the letter that Kubernetes’ own programs begin with')
    .values(LEVELS.map(([name, found]) => `${name} : ${found.replaceAll(',', '\\,')}`).join(', '))
    .current({ text: 'any', value: '.*', selected: true })
    .options(LEVELS.map(([text, value], at) => ({ text, value, selected: at === 0 })))

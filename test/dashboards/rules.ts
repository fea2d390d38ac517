import { type BoardFile, everyPanel, nameOf, type Panel, shownPanels, type Target } from './board-files.ts'
import { variablesIn } from './interpolate.ts'
import { type Language, parseQuery } from './query-syntax.ts'
import { labelValuesOf } from './variable-query.ts'

/** What holds for every board; each finds what is against it, named by panel or variable. */
export type Rule = { readonly name: string; readonly check: (board: BoardFile, all: readonly BoardFile[]) => readonly string[] }

/** The least that Grafana 11.0, 12 and 13 all know. */
const SCHEMA_VERSION = 39
/** Drawn by Grafana 11 to 13 without a plug-in; `graph`, `singlestat` and `table-old` are not any more. */
const PANEL_TYPES = ['row', 'stat', 'timeseries', 'table', 'logs', 'gauge', 'bargauge', 'state-timeline', 'heatmap', 'text']
const SOURCES = new Map([
  ['prometheus', '${datasource}'],
  ['loki', '${loki_datasource}'],
])
const COLUMNS = 24
const CROSSHAIR = 1
/** `$__range` where a whole time shown is looked at: what changed in it. */
const RANGES = { PromQL: ['$__rate_interval', '$__range'], LogQL: ['$__auto'] }
const ON_TIME_RANGE_CHANGE = 2

export const rules: readonly Rule[] = [
  {
    name: 'has a uid, a title, a description and the tag by which boards find each other',
    check: ({ uid, title, description = '', tags }, all) => [
      ...(/^clymene-[a-z-]+$/.test(uid) ? [] : [`uid ${uid}`]),
      ...(all.filter((other) => other.uid === uid).length > 1 ? [`uid ${uid} twice`] : []),
      ...(title === '' || description === '' ? ['no title or description'] : []),
      ...(tags.includes('clymene') ? [] : [`tags ${tags.join()}`]),
    ],
  },
  {
    name: 'is of the schema and of panels that Grafana 11, 12 and 13 import',
    check: (board) => [
      ...(board.schemaVersion === SCHEMA_VERSION ? [] : [`schemaVersion ${board.schemaVersion}`]),
      ...('__inputs' in board ? ['__inputs'] : []),
      ...everyPanel(board).flatMap((panel) => (PANEL_TYPES.includes(panel.type) ? [] : [`${nameOf(panel)} is a ${panel.type}`])),
    ],
  },
  {
    name: 'shows one crosshair on all panels',
    check: ({ graphTooltip }) => (graphTooltip === CROSSHAIR ? [] : [`graphTooltip ${graphTooltip}`]),
  },
  {
    name: 'reads data sources by variable only',
    check: (board) => [
      ...board.templating.list.flatMap(({ name, datasource }) => (datasource === undefined ? [] : foreign(`variable ${name}`, datasource))),
      ...shownPanels(board).flatMap((panel) => [
        ...foreign(nameOf(panel), panel.datasource),
        ...targetsOf(panel).flatMap((target) => foreign(`${nameOf(panel)} ${target.refId}`, target.datasource)),
      ]),
    ],
  },
  {
    name: 'says of every panel what it shows, and in which unit',
    check: (board) =>
      shownPanels(board).flatMap((panel) => [
        ...(panel.title ? [] : [`${nameOf(panel)} has no title`]),
        ...(/^[A-Z].{15,}\.$/.test(panel.description ?? '') ? [] : [`${nameOf(panel)} has no sentence as its description`]),
        ...(panel.fieldConfig?.defaults.unit ? [] : [`${nameOf(panel)} has no unit`]),
        ...(targetsOf(panel).length > 0 ? [] : [`${nameOf(panel)} has no query`]),
      ]),
  },
  {
    name: 'has only queries that can be parsed',
    check: (board) =>
      queriesOf(board).flatMap(({ where, language, text }) => parseQuery(language, text).errors.map((at) => `${where} ${at}`)),
  },
  {
    name: 'names the cluster in every selector, by a regular expression where several may be chosen',
    check: (board) => {
      const several = board.templating.list.some(({ name, multi = false }) => name === 'cluster' && multi)
      const operators = several ? ['=~'] : ['=', '=~']
      return queriesOf(board)
        .filter(({ where }) => where !== 'variable cluster')
        .flatMap(({ where, language, text }) =>
          parseQuery(language, text)
            .selectors.filter(
              ({ matchers }) =>
                !matchers.some(({ label, operator, value }) => label === 'cluster' && operators.includes(operator) && value === '$cluster'),
            )
            .map(({ metric }) => `${where}: ${metric || 'a selector'} of every cluster`),
        )
    },
  },
  {
    name: 'leaves the window of a rate to Grafana',
    check: (board) =>
      queriesOf(board).flatMap(({ where, language, text }) =>
        parseQuery(language, text)
          .ranges.filter((range) => !RANGES[language].includes(range))
          .map((range) => `${where}: [${range}]`),
      ),
  },
  {
    name: 'asks for the choices of its variables whenever the time changes, sorts and explains them',
    check: ({ templating }) =>
      templating.list.flatMap((variable) => [
        ...(variable.label && variable.description ? [] : [`variable ${variable.name} has no label or description`]),
        ...(variable.type !== 'query' || variable.refresh === ON_TIME_RANGE_CHANGE ? [] : [`variable ${variable.name} is not refreshed`]),
        ...(variable.type !== 'query' || (variable.sort ?? 0) > 0 ? [] : [`variable ${variable.name} is not sorted`]),
      ]),
  },
  {
    name: 'defines every variable before it is used, and uses every one',
    check: (board) => {
      const names = board.templating.list.map(({ name }) => name)
      const early = board.templating.list.flatMap((variable, at) =>
        variablesIn(JSON.stringify([variable.query, variable.datasource]))
          .filter((name) => !names.slice(0, at).includes(name))
          .map((name) => `variable ${variable.name} uses ${name}`),
      )
      const panels = variablesIn(JSON.stringify(shownPanels(board)))
      const used = new Set([...panels, ...variablesIn(JSON.stringify(board.templating))])
      return [
        ...early,
        ...new Set(panels.filter((name) => !names.includes(name))),
        ...names.filter((name) => !used.has(name)).map((name) => `${name} is not used`),
      ]
    },
  },
  {
    name: 'takes what somebody types as it is',
    check: (board) =>
      board.templating.list
        .filter(({ type }) => type === 'textbox')
        .flatMap(({ name }) =>
          queriesOf(board)
            .filter(({ text }) => variablesIn(text.replaceAll(`\${${name}:raw}`, '')).includes(name))
            .map(({ where }) => `${where}: ${name} without :raw`),
        ),
  },
  {
    name: 'lays panels on the grid without overlap',
    check: (board) => {
      const standing = board.panels.flatMap((panel) => (panel.collapsed ? [panel] : [panel, ...(panel.panels ?? [])]))
      const outside = everyPanel(board).filter(({ gridPos: { x, y, w, h } }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > COLUMNS)
      const overlapping = standing.flatMap((panel, at) =>
        standing.slice(at + 1).flatMap((other) => (overlap(panel, other) ? [`${nameOf(panel)} and ${nameOf(other)}`] : [])),
      )
      return [...outside.map((panel) => `${nameOf(panel)} is outside`), ...overlapping]
    },
  },
  {
    name: 'gives each panel and row an id of its own',
    check: (board) => {
      const ids = everyPanel(board).map(({ id }) => id)
      return ids.filter((id, at) => !(id > 0) || ids.indexOf(id) !== at).map((id) => `#${id}`)
    },
  },
  {
    name: 'links to boards and variables that exist, and keeps time and choice',
    check: (board, all) => [
      ...board.links.flatMap(({ type, tags, includeVars, keepTime }) =>
        type === 'dashboards' && tags.includes('clymene') && includeVars && keepTime ? [] : [`link ${type} ${tags.join()}`],
      ),
      ...(board.links.length > 0 ? [] : ['no link to the other boards']),
      ...linksOf(board).flatMap(({ uid, parameters }) => brokenLink(uid, parameters, all)),
    ],
  },
]

const foreign = (where: string, source: Target['datasource']): readonly string[] =>
  source !== undefined && SOURCES.get(source.type) === source.uid ? [] : [`${where} reads ${JSON.stringify(source)}`]

const targetsOf = ({ targets = [] }: Panel): readonly Target[] => targets

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

type NamedQuery = { readonly where: string; readonly language: Language; readonly text: string }

export const queriesOf = (board: BoardFile): readonly NamedQuery[] => [
  ...board.templating.list.flatMap((variable) => {
    const asked = labelValuesOf(variable)
    if (asked === undefined || asked.selector === '') return []
    return [{ where: `variable ${variable.name}`, language: languageOf(asked.source), text: asked.selector }]
  }),
  ...shownPanels(board).flatMap((panel) =>
    targetsOf(panel).map(({ refId, expr, datasource }) => ({
      where: `${nameOf(panel)} ${refId}`,
      language: languageOf(datasource?.type),
      text: expr,
    })),
  ),
]

const languageOf = (source: string | undefined): Language => (source === 'loki' ? 'LogQL' : 'PromQL')

/** Links of panels and cells to boards, wherever they stand. */
const linksOf = (board: BoardFile): readonly { readonly uid: string; readonly parameters: string }[] =>
  [...JSON.stringify(shownPanels(board)).matchAll(/"\/d\/([\w-]+)\?([^"]*)"/g)].map(([, uid = '', parameters = '']) => ({
    uid,
    parameters,
  }))

function brokenLink(uid: string, parameters: string, all: readonly BoardFile[]): readonly string[] {
  const target = all.find((board) => board.uid === uid)
  if (target === undefined) return [`/d/${uid} does not exist`]
  const given = [...parameters.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(([, named, copied]) => named ?? copied ?? '')
  const there = target.templating.list.map(({ name }) => name)
  return [
    ...given.filter((name) => !there.includes(name)).map((name) => `/d/${uid} has no variable ${name}`),
    ...(['datasource', 'loki_datasource', 'cluster'].every((name) => given.includes(name)) ? [] : [`/d/${uid} loses sources or cluster`]),
    ...(parameters.includes('${__url_time_range}') ? [] : [`/d/${uid} loses the time`]),
  ]
}

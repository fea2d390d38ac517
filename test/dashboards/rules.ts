import { type BoardFile, everyPanel, nameOf, type Panel, shownPanels, type Target } from './board-files.ts'
import { brokenLinks } from './board-links.ts'
import { queriesOf } from './board-queries.ts'
import { variablesIn } from './interpolate.ts'
import { parseQuery } from './query-syntax.ts'

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
/** Grafana's own, of a panel whose queries are of both. */
const MIXED = '-- Mixed --'
/** What joins the answers of a table's queries; ids that did not change from Grafana 9 to 13. */
const TRANSFORMATIONS = ['merge', 'organize', 'filterFieldsByName', 'joinByField']
const COLUMNS = 24
/** `kubectl apply` keeps a copy of what it applied in an annotation, of at most 256 KiB in all. */
const MOST_BYTES = 200 * 1024
const CROSSHAIR = 1
/** `$__range` where a whole time shown is looked at: what changed in it. Numbers of lines now are of so many minutes as their panel says. */
const RANGES = { PromQL: ['$__rate_interval', '$__range'], LogQL: ['$__auto'], LogQLNow: ['5m', '$__range'] }
/** No rate: who sent something within a day, in steps that leave out no sample (Prometheus looks back five minutes). */
const SEEN_WITHIN_A_DAY = /max_over_time\(max by \(cluster\) \(timestamp\(up\{[^}]*\}\)\)\[1d:5m\]\)/g
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
      ...shownPanels(board).flatMap((panel) =>
        (panel.transformations ?? []).flatMap(({ id }) => (TRANSFORMATIONS.includes(id) ? [] : [`${nameOf(panel)} needs ${id}`])),
      ),
    ],
  },
  {
    name: 'is of a size that a ConfigMap takes',
    check: (board) => {
      const bytes = Buffer.byteLength(JSON.stringify(board, undefined, 2))
      return bytes < MOST_BYTES ? [] : [`${bytes} bytes`]
    },
  },
  {
    name: 'shows one crosshair on all panels',
    check: ({ graphTooltip }) => (graphTooltip === CROSSHAIR ? [] : [`graphTooltip ${graphTooltip}`]),
  },
  {
    name: 'reads data sources by variable only',
    check: (board) => [
      ...board.templating.list.flatMap(({ name, datasource }) => (datasource === undefined ? [] : foreign(`variable ${name}`, datasource))),
      ...board.annotations.list.flatMap(({ name, datasource }) => foreign(`annotation ${name}`, datasource)),
      ...shownPanels(board).flatMap((panel) => [
        ...(panel.datasource?.uid === MIXED ? notMixed(panel) : foreign(nameOf(panel), panel.datasource)),
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
      queriesOf(board).flatMap(({ where, language, text, instant }) =>
        parseQuery(language, text.replaceAll(SEEN_WITHIN_A_DAY, 'up'))
          .ranges.filter((range) => !RANGES[language === 'LogQL' && instant ? 'LogQLNow' : language].includes(range))
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
    name: 'lets one choose the data sources and then the cluster first',
    check: ({ templating }) => {
      const [first, second, third] = templating.list.map(({ name }) => name)
      const order = [first, second, third].join()
      return order === 'datasource,loki_datasource,cluster' ? [] : [order]
    },
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
      const panels = variablesIn(JSON.stringify([shownPanels(board), board.annotations]))
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
      ...brokenLinks(board, all),
    ],
  },
]

const foreign = (where: string, source: Target['datasource']): readonly string[] =>
  source !== undefined && SOURCES.get(source.type) === source.uid ? [] : [`${where} reads ${JSON.stringify(source)}`]

const notMixed = (panel: Panel): readonly string[] =>
  new Set(targetsOf(panel).map(({ datasource }) => datasource?.type)).size > 1 ? [] : [`${nameOf(panel)} is not of two sources`]

const targetsOf = ({ targets = [] }: Panel): readonly Target[] => targets

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

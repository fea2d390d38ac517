import { type BoardFile, nameOf, type Panel, shownPanels } from './board-files.ts'

/** What is wrong with the links of a board's panels and cells: where they lead, what they keep, what they take from a row. */
export const brokenLinks = (board: BoardFile, all: readonly BoardFile[]): readonly string[] =>
  shownPanels(board).flatMap((panel) =>
    linksOf(panel).flatMap(({ uid, parameters }) => {
      const target = all.find((one) => one.uid === uid)
      const problems = target === undefined ? [`/d/${uid} does not exist`] : brokenLink(board, target, parameters)
      return [...problems, ...absentFields(panel, parameters)].map((problem) => `${nameOf(panel)}: ${problem}`)
    }),
  )

const linksOf = (panel: Panel): readonly { readonly uid: string; readonly parameters: string }[] =>
  [...JSON.stringify(panel).matchAll(/"\/d\/([\w-]+)\?([^"]*)"/g)].map(([, uid = '', parameters = '']) => ({ uid, parameters }))

function brokenLink(from: BoardFile, target: BoardFile, parameters: string): readonly string[] {
  const given = [...parameters.matchAll(/var-(\w+)=|\$\{(\w+):queryparam\}/g)].map(([, named, copied]) => named ?? copied ?? '')
  const there = target.templating.list.map(({ name }) => name)
  const lost = ['datasource', 'loki_datasource', 'cluster'].filter((name) => !given.includes(name))
  return [
    ...given.filter((name) => !there.includes(name)).map((name) => `/d/${target.uid} has no variable ${name}`),
    ...lost.map((name) => `/d/${target.uid} loses ${name}`),
    ...(from.uid === target.uid
      ? choicesOf(target)
          .filter((name) => !given.includes(name))
          .map((name) => `/d/${target.uid} keeps the ${name} that is chosen, which may leave out what is linked to`)
      : []),
    ...(severalClusters(from) && !severalClusters(target) && !parameters.includes('var-cluster=')
      ? [`/d/${target.uid} takes one cluster, and is given all that are chosen`]
      : []),
    ...(parameters.includes('${__url_time_range}') || /&from=\$\{[^}]+\}&to=\$\{[^}]+\}$/.test(parameters)
      ? []
      : [`/d/${target.uid} loses the time`]),
  ]
}

/** Of a board that is left for itself Grafana keeps what its address does not name. What somebody typed is narrowed by nothing. */
const choicesOf = ({ templating }: BoardFile): readonly string[] =>
  templating.list.filter(({ type }) => type === 'query').map(({ name }) => name)

const severalClusters = ({ templating }: BoardFile): boolean =>
  templating.list.some(({ name, multi = false }) => name === 'cluster' && multi)

/** `${__data.fields.pod}` and `${__data.fields['Log from'].numeric}` are columns of the table. */
function absentFields(panel: Panel, parameters: string): readonly string[] {
  const named = [...parameters.matchAll(/__data\.fields(?:\.(\w+)|\['([^']+)'\])/g)].map(([, plain, quoted]) => plain ?? quoted ?? '')
  const columns = columnsOf(panel)
  return named.filter((name) => !columns.includes(name)).map((name) => `no column ${name}`)
}

function columnsOf({ transformations = [] }: Panel): readonly string[] {
  const { indexByName = {}, renameByName = {} } = transformations.find(({ id }) => id === 'organize')?.options ?? {}
  const labels = Object.keys(indexByName).filter((name) => !name.startsWith('Value'))
  return [...labels, ...Object.values(renameByName)]
}

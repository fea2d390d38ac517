import { type BoardFile, nameOf, shownPanels } from './board-files.ts'
import type { Language } from './query-syntax.ts'
import { labelValuesOf } from './variable-query.ts'

export type NamedQuery = { readonly where: string; readonly language: Language; readonly text: string; readonly instant: boolean }

/** Queries of variables, of marks on the charts, and of panels. */
export const queriesOf = (board: BoardFile): readonly NamedQuery[] => [
  ...board.templating.list.flatMap((variable) => {
    const asked = labelValuesOf(variable)
    if (asked === undefined || asked.selector === '') return []
    return [{ where: `variable ${variable.name}`, language: languageOf(asked.source), text: asked.selector, instant: false }]
  }),
  ...board.annotations.list.map(({ name, datasource, target, expr = target?.expr ?? '' }) => ({
    where: `annotation ${name}`,
    language: languageOf(datasource?.type),
    text: expr,
    instant: false,
  })),
  ...shownPanels(board).flatMap((panel) =>
    (panel.targets ?? []).map(({ refId, expr, datasource, instant = false, queryType }) => ({
      where: `${nameOf(panel)} ${refId}`,
      language: languageOf(datasource?.type),
      text: expr,
      instant: instant || queryType === 'instant',
    })),
  ),
]

const languageOf = (source: string | undefined): Language => (source === 'loki' ? 'LogQL' : 'PromQL')

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { boards as written } from '@clymene/grafana'

/** What these tests read of a classic dashboard. */
export type BoardFile = {
  readonly uid: string
  readonly title: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly schemaVersion: number
  readonly graphTooltip: number
  readonly time: { readonly from: string; readonly to: string }
  readonly templating: { readonly list: readonly Variable[] }
  readonly links: readonly BoardLink[]
  readonly annotations: { readonly list: readonly Annotation[] }
  readonly panels: readonly Panel[]
}

export type BoardLink = {
  readonly type: string
  readonly tags: readonly string[]
  readonly includeVars: boolean
  readonly keepTime: boolean
}

/** Marks on all charts. */
export type Annotation = {
  readonly name: string
  readonly datasource?: SourceRef
  /** As Loki reads it. */
  readonly expr?: string
  /** As Prometheus reads it. */
  readonly target?: { readonly expr?: string }
  readonly iconColor: string
}

export type SourceRef = { readonly type: string; readonly uid: string }

export type Variable = {
  readonly type: string
  readonly name: string
  readonly label?: string
  readonly description?: string
  readonly datasource?: SourceRef
  /** Text; of a `query` variable `{query}` for Prometheus, `{label, stream}` for Loki. */
  readonly query?: string | { readonly query?: string; readonly label?: string; readonly stream?: string }
  readonly refresh?: number
  readonly sort?: number
  readonly multi?: boolean
  readonly includeAll?: boolean
  readonly allValue?: string
  /** Of each value only what its first group finds. */
  readonly regex?: string
}

export type Panel = {
  readonly id: number
  readonly type: string
  readonly title?: string
  readonly description?: string
  readonly collapsed?: boolean
  readonly datasource?: SourceRef
  readonly gridPos: GridPosition
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly transformations?: readonly {
    readonly id: string
    /** Of `organize`. */
    readonly options: { readonly indexByName?: Readonly<Record<string, number>>; readonly renameByName?: Readonly<Record<string, string>> }
  }[]
  readonly targets?: readonly Target[]
  /** Of a collapsed row. */
  readonly panels?: readonly Panel[]
}

export type GridPosition = { readonly x: number; readonly y: number; readonly w: number; readonly h: number }

export type Target = {
  readonly refId: string
  readonly expr: string
  readonly datasource?: SourceRef
  readonly instant?: boolean
  readonly queryType?: string
  readonly maxLines?: number
}

const folder = join(import.meta.dirname, '../../grafana')

/** The boards as they are committed, by the name of the file. */
export const readBoards = (): ReadonlyMap<string, BoardFile> =>
  new Map([...written.keys()].map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8'))]))

/** Rows and what is in collapsed ones included. */
export const everyPanel = (board: BoardFile): readonly Panel[] => board.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])

/** Those that show something. */
export const shownPanels = (board: BoardFile): readonly Panel[] => everyPanel(board).filter(({ type }) => type !== 'row')

export const nameOf = (panel: Panel): string => `#${panel.id} ${panel.title}`

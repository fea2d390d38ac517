import type { ReadFile } from './agent-view.ts'
import { html, type Html, NOTHING } from './html.ts'
import { labelChips } from './label-chips.ts'
import { number } from './listing.ts'
import { type FileRow, logDropReason, type LogTargetRow } from './log-rows.ts'
import { createPresentNames } from './present-name.ts'
import { shownLabels } from './shown-labels.ts'

type Row = FileRow | LogTargetRow

/** States of files and of targets without one, in the words of the page. */
export const LOG_STATES = [
  ['ready', 'ready'],
  ['rotated', 'rotated'],
  ['failed', 'failed'],
  ['idle', 'no file'],
  ['dropped', 'dropped'],
] as const

const CLASSES: Readonly<Record<Row['state'], string>> = {
  ready: 'up',
  active: 'up',
  rotated: 'unknown',
  idle: 'unknown',
  failed: 'down',
  dropped: 'dropped',
}

export const stateMark = (state: Row['state'], text: string): Html => html`<span class="s ${CLASSES[state]}">${text}</span>`

const markOf = ({ state }: Row): Html => stateMark(state, LOG_STATES.find(([value]) => value === state)?.[1] ?? state)

/**
 * The files of one job with how far they are read, and its targets that have none.
 *
 * @param all rows of the job, on whichever page.
 * @param severalStorages each file is there once for each.
 */
export function logSection(name: string, rows: readonly Row[], all: readonly Row[], severalStorages: boolean): Html {
  const nameOf = createPresentNames()
  return html`<h2>${name} <small>${tallyOf(all)}</small></h2>
    <table>
      <colgroup>
        <col class="c3" />
        <col class="c1" />
        <col class="c4" />
        <col class="c2" />
        <col class="c1" />
        <col class="c1" />
      </colgroup>
      <thead>
        <tr>
          <th>File</th>
          <th>State</th>
          <th>Labels</th>
          <th class="n">Position</th>
          <th class="n">Size</th>
          <th class="n">Lag</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => (row.kind === 'file' ? fileRow(row, severalStorages, nameOf) : targetRow(row)))}
      </tbody>
    </table>`
}

function tallyOf(rows: readonly Row[]): string {
  const count = (state: Row['state']): number => rows.filter((row) => row.state === state).length
  const files = rows.filter(({ kind }) => kind === 'file').length
  const parts = (['rotated', 'failed'] as const).flatMap((state) => (count(state) > 0 ? [`${number(count(state))} ${state}`] : []))
  const [idle, dropped] = [count('idle'), count('dropped')]
  if (idle > 0) parts.push(`${counted(idle, 'target')} without a file`)
  if (dropped > 0) parts.push(`${number(dropped)} dropped ${dropped === 1 ? 'target' : 'targets'}`)
  return [counted(files, 'file'), ...parts].join(', ')
}

const counted = (count: number, what: string): string => `${number(count)} ${what}${count === 1 ? '' : 's'}`

const fileRow = (row: FileRow, severalStorages: boolean, nameOf: ReturnType<typeof createPresentNames>): Html => {
  const now = row.state === 'rotated' ? nameOf(row) : undefined
  return html`<tr>
    <td>
      ${row.path}${now === undefined ? NOTHING : html`<div class="dim">now ${now}</div>`}${row.error === undefined ? NOTHING : html`<div class="error">${row.error}</div>`}
      <div class="dim">inode ${row.inode}${severalStorages ? `, read for ${row.storage}` : ''}</div>
    </td>
    <td data-h="State">${markOf(row)}</td>
    <td>${labelChips(shownLabels(row.labels.filter(([name]) => name !== 'filename')))}</td>
    <td class="n" data-h="Position">${number(row.position)}${shareOf(row)}</td>
    <td class="n" data-h="Size">${number(row.size)}</td>
    <td class="n" data-h="Lag">${lagOf(row.lagSeconds)}</td>
  </tr> `
}

const shareOf = ({ position, size }: ReadFile): Html =>
  position >= size ? NOTHING : html`<div class="dim">${number(Math.floor((position / size) * 100))} %</div>`

const lagOf = (seconds: number): string =>
  seconds === 0 ? 'none' : seconds < 60 ? `${seconds.toFixed(1)} s` : `${number(Math.round(seconds / 60))} min`

const targetRow = (row: LogTargetRow): Html =>
  html`<tr>
    <td>
      ${row.glob === '' ? html`<span class="dim">none</span>` : row.glob}
      ${row.error === undefined ? NOTHING : html`<div class="error">${row.error}</div>`}
    </td>
    <td data-h="State">${markOf(row)}</td>
    <td>
      ${row.state === 'dropped' ? html`by <code>${logDropReason(row)}</code>` : labelChips(shownLabels(row.labels))}
      <details>
        <summary>before relabelling</summary>
        ${labelChips(shownLabels(row.discoveredLabels))}
      </details>
    </td>
    <td></td>
    <td></td>
    <td></td>
  </tr> `

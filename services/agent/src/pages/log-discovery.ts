import { discoveryTable } from './discovery-table.ts'
import { html, type Html, NOTHING } from './html.ts'
import { labelChips } from './label-chips.ts'
import { number } from './listing.ts'
import { logDropReason, type LogTargetRow } from './log-rows.ts'
import { relabelSteps } from './relabel-steps.ts'
import { shownLabels } from './shown-labels.ts'

/** The targets of one job that reads files. */
export function logDiscoverySection(job: string, rows: readonly LogTargetRow[], all: readonly LogTargetRow[]): Html {
  const dropped = all.filter(({ state }) => state === 'dropped').length
  return discoveryTable(job, [`${number(all.length - dropped)} read`, `${number(dropped)} dropped`], rows.map(targetRow))
}

const targetRow = (row: LogTargetRow): Html =>
  html`<tr>
    <td data-h="Discovered">${labelChips(shownLabels(row.discoveredLabels))}</td>
    <td data-h="Target">
      ${
        row.state === 'dropped'
          ? html`<span class="s dropped">dropped</span> by <code>${logDropReason(row)}</code>`
          : html`${labelChips(shownLabels(row.labels))}
              <div class="dim">files ${row.glob}</div>
              ${row.error === undefined ? NOTHING : html`<div class="error">${row.error}</div>`}`
      }${relabelSteps(row.of?.relabel ?? [], row.discoveredLabels)}
    </td>
  </tr> `

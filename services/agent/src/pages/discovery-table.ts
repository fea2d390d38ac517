import { html, type Html } from './html.ts'

/** The targets of one job: what was discovered of each, and what it has become. */
export const discoveryTable = (job: string, tally: readonly string[], rows: readonly Html[]): Html =>
  html`<h2>${job} <small>${tally.join(', ')}</small></h2>
    <table>
      <colgroup>
        <col class="half" />
        <col class="half" />
      </colgroup>
      <thead>
        <tr>
          <th>Discovered labels</th>
          <th>Target labels</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`

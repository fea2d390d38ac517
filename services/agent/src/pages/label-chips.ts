import type { Labels } from '@clymene/model'
import { REDACTED } from '@clymene/runtime'

import { html, type Html } from './html.ts'

/** `name="value"`, one mark a label. */
export const labelChips = (labels: Labels): Html =>
  labels.length === 0
    ? html`<span class="dim">none</span>`
    : html`${labels.map(([name, value]) => html`<span class="l">${name}=${JSON.stringify(value)}</span> `)}`

/** Only a page of the web is a link: a scheme comes from labels, and those from anywhere. Where something was hidden a link would lead elsewhere. */
export const linkedUrl = (url: string): Html =>
  /^https?:\/\//.test(url) && !url.includes(REDACTED) ? html`<a href="${url}" rel="noreferrer">${url}</a>` : html`<span>${url}</span>`

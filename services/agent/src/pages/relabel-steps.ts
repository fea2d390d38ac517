import type { Label } from '@clymene/model'
import { explainRelabel, type RelabelRule } from '@clymene/relabel'

import { changesBetween } from './changes.ts'
import { html, type Html, NOTHING } from './html.ts'
import { shownRule } from './shown-labels.ts'

/** What each rule did; rules that changed nothing are only counted. */
export function relabelSteps(rules: readonly RelabelRule[], discovered: Iterable<Label>): Html {
  if (rules.length === 0) return NOTHING
  const told = explainRelabel(rules, new Map(discovered)).flatMap((step) => {
    const changes = changesBetween(step.before, step.after)
    if (changes.length === 0 && !step.dropped) return []
    const effects = step.dropped ? ['drops it'] : changes
    return [
      html`<li value="${step.index}">
        <code>${shownRule(step.rule)}</code>${effects.map((text) => html`<div><code>${text}</code></div>`)}
      </li>`,
    ]
  })
  const title = `${told.length} of ${rules.length} rules change it`
  return html`<details>
    <summary>${title}</summary>
    <ol>
      ${told}
    </ol>
  </details>`
}

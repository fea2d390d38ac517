import { errorMessage } from '@clymene/model'

import { startChain } from '../chain.ts'
import type { Fields } from '../fields.ts'
import { parseSelector, type Selector } from '../logql/selector.ts'
import { readReason, readWord } from '../read-options.ts'
import type { StageKind } from '../stage.ts'

/**
 * Puts the lines that `selector` selects (LogQL: labels and line filters) through `stages`, the others past them; with
 * `action: drop` it takes them out instead.
 */
export const match: StageKind = {
  keys: ['selector', 'stages', 'action', 'pipeline_name', 'drop_counter_reason'],
  parse: (fields) => {
    const selects = readSelector(fields)
    const action = readWord(fields, 'action', ['keep', 'drop'])
    const reason = readReason(fields, 'match_stage')
    const stages = fields.stages('stages')
    const hasStages = (fields.raw('stages') ?? undefined) !== undefined
    if (action === 'drop' && hasStages) fields.mistake('.stages: must not be there with action drop')
    if (action === 'keep' && !hasStages) fields.mistake('.stages: expected at least one stage')
    if (action === 'drop') {
      return (pass, context) => ({
        push: (entry) => {
          if (selects(entry.labels, entry.line)) context.dropped(reason, 1)
          else pass(entry)
        },
      })
    }
    return (pass, context) => {
      const chain = startChain(stages, pass, context)
      return {
        ...chain,
        push: (entry) => {
          if (selects(entry.labels, entry.line)) chain.push(entry)
          else pass(entry)
        },
      }
    }
  },
}

function readSelector(fields: Fields): Selector {
  const text = fields.text('selector') ?? ''
  if (text === '') fields.mistake('.selector: expected a LogQL selector such as {app="x"} |= "error"')
  else {
    try {
      return parseSelector(text)
    } catch (error) {
      fields.mistake(`.selector: ${errorMessage(error)}`)
    }
  }
  return () => false
}

import { errorMessage } from '@clymene/model'

import { startChain } from '../chain.ts'
import type { PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { inside, viewOf } from '../inspect.ts'
import { parseSelector, type Selector } from '../logql/selector.ts'
import { readReason, readWord } from '../read-options.ts'
import type { StageContext, StageKind } from '../stage.ts'

/**
 * Puts the lines that `selector` selects (LogQL: labels and line filters) through `stages`, the others past them; with
 * `action: drop` it takes them out instead.
 */
export const match: StageKind = {
  keys: ['selector', 'stages', 'action', 'pipeline_name', 'drop_counter_reason'],
  tellsItself: true,
  parse: (fields) => {
    const selects = readSelector(fields)
    const selector = fields.text('selector') ?? ''
    const action = readWord(fields, 'action', ['keep', 'drop'])
    const reason = readReason(fields, 'match_stage')
    const stages = fields.stages('stages')
    const hasStages = (fields.raw('stages') ?? undefined) !== undefined
    if (action === 'drop' && hasStages) fields.mistake('.stages: must not be there with action drop')
    if (action === 'keep' && (!hasStages || isEmptyList(fields.raw('stages')))) fields.mistake('.stages: expected at least one stage')
    if (action === 'drop') {
      return (pass, context) => {
        const tell = telling(selector, context, reason)
        return {
          push: (entry) => {
            const isSelected = selects(entry.labels, entry.line)
            tell?.(entry, isSelected)
            if (isSelected) context.dropped(reason, 1)
            else pass(entry)
          },
        }
      }
    }
    return (pass, context) => {
      const tell = telling(selector, context)
      const { inspect } = context
      const chain = startChain(stages, pass, inspect === undefined ? context : { ...context, inspect: inside(inspect) })
      return {
        ...chain,
        push: (entry) => {
          const isSelected = selects(entry.labels, entry.line)
          tell?.(entry, isSelected)
          if (!isSelected) return pass(entry)
          entry.extracted.takeLabels(entry.labels)
          chain.push(entry)
        },
      }
    }
  },
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** @param dropped why it takes out what it selects; undefined: it does not. */
function telling(selector: string, { inspect }: StageContext, dropped?: string) {
  if (inspect === undefined) return undefined
  return (entry: PipelineEntry, selects: boolean): void => {
    const before = viewOf(entry)
    const isDropped = selects && dropped !== undefined
    inspect({ stage: 'match', selector, selects, before, after: isDropped ? undefined : before, ...(isDropped ? { dropped } : {}) })
  }
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

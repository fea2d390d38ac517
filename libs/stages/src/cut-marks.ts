import type { LabelMap } from '@clymene/model'

/** Whether the rest of a line that is longer than the limit is passed over, or is further lines. */
export type LongLines = 'truncate' | 'split'

/** Structured metadata of a line whose rest was passed over. */
export const truncatedMark = (): LabelMap => new Map([[TRUNCATED, 'true']])

/** Structured metadata of a part of a line, by the names that Docker's log drivers use. `ordinal` counts from 1. */
export const partMarks = (ordinal: number, isLast: boolean): LabelMap =>
  new Map([
    [MESSAGE, 'true'],
    [ORDINAL, String(ordinal)],
    [LAST, String(isLast)],
  ])

export type CutMarks = {
  readonly truncated: boolean
  /** It is a part of a line. */
  readonly part: boolean
  /** It is one that others follow. */
  readonly goesOn: boolean
}

/** What the marks among the metadata say, and the others. */
export function readMarks(metadata: LabelMap | undefined): { readonly marks: CutMarks; readonly others: LabelMap | undefined } {
  const marks = {
    truncated: metadata?.get(TRUNCATED) === 'true',
    part: metadata?.get(MESSAGE) === 'true',
    goesOn: metadata?.get(LAST) === 'false',
  }
  if (metadata === undefined || !(marks.truncated || marks.part)) return { marks, others: metadata }
  const others = [...metadata].filter(([name]) => ![TRUNCATED, MESSAGE, ORDINAL, LAST].includes(name))
  return { marks, others: others.length === 0 ? undefined : new Map(others) }
}

const TRUNCATED = 'truncated'
const MESSAGE = 'partial_message'
const ORDINAL = 'partial_ordinal'
const LAST = 'partial_last'

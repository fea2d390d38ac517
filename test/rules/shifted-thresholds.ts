import type { Rule } from './rule-files.ts'

export type ShiftedThreshold = { readonly name: string; readonly expr: string }

/** What is in quotes, names with their digits, windows and offsets: none of them is a threshold. */
const NO_NUMBER = /"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d+[smhdwy]\w*/
const TOKENS = new RegExp(`${NO_NUMBER.source}|(?<number>\\d+(?:\\.\\d+)?)`, 'g')

/** The expression with each of its numbers a fifth greater, and a fifth less, one at a time. Nothing is a fifth more than 0. */
export const shiftedThresholds = ({ alert = '', expr }: Rule): readonly ShiftedThreshold[] =>
  [...expr.matchAll(TOKENS)].flatMap(({ index, groups: { number } = {} }) =>
    number === undefined || Number(number) === 0
      ? []
      : [1.2, 0.8].map((factor) => {
          const shifted = String(Number((Number(number) * factor).toPrecision(6)))
          const [before, after] = [expr.slice(0, index), expr.slice(index + number.length)]
          return {
            name: `${alert}: ${shifted} in place of ${before.slice(-30)}>${number}<${after.slice(0, 20)}`,
            expr: before + shifted + after,
          }
        }),
  )

import type { Rule } from './rule-files.ts'

export type Shifted = { readonly name: string; readonly rule: Rule }

/** Labels in quotes, windows and offsets, names with digits: none of them is a threshold. */
const NO_NUMBER = /"(?:[^"\\]|\\.)*"|[a-zA-Z_:][\w:]*|\d+[smhdwy]\w*/
const NUMBER = /\d+(?:\.\d+)?/
const TOKENS = new RegExp(`${NO_NUMBER.source}|(?<number>${NUMBER.source})`, 'g')

/** The rule with each number of its expression a fifth greater, and a fifth less, one at a time. Nothing is a fifth more than 0. */
export const shiftedThresholds = (rule: Rule): readonly Shifted[] =>
  [...rule.expr.matchAll(TOKENS)].flatMap(({ index, groups: { number } = {} }) =>
    number === undefined || Number(number) === 0
      ? []
      : [1.2, 0.8].map((factor) => {
          const shifted = String(Number((Number(number) * factor).toPrecision(6)))
          const expr = `${rule.expr.slice(0, index)}${shifted}${rule.expr.slice(index + number.length)}`
          return { name: `${rule.alert ?? ''}: ${number} as ${shifted} in ${around(rule.expr, index)}`, rule: { ...rule, expr } }
        }),
  )

const around = (expr: string, index: number): string => expr.slice(Math.max(0, index - 30), index + 20).replaceAll(/\s+/g, ' ')

import { diff } from 'node:util'

export type Comparison = {
  /** Lines that are expected and did not come. */
  readonly missing: number
  /** Lines that came and are not expected. */
  readonly more: number
  /** What differs, with some lines around it: `-` is missing, `+` is more. Empty when nothing does. */
  readonly text: string
}

/** Equal lines that are shown around those that differ. */
const AROUND = 2

/** Compares texts line by line. */
export function compare(expected: string, found: string): Comparison {
  const steps = stepsOf(linesOf(expected), linesOf(found))
  const near = steps.map((_, index) => steps.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(({ sign }) => sign !== ' '))
  const shown = steps.flatMap(({ sign, line }, index) => {
    if (near[index] !== true) return near[index - 1] === true && near.includes(true, index) ? ['…'] : []
    return [`${sign}${line}`]
  })
  return {
    missing: steps.filter(({ sign }) => sign === '-').length,
    more: steps.filter(({ sign }) => sign === '+').length,
    text: shown.map((line) => `${line}\n`).join(''),
  }
}

type Step = { readonly sign: ' ' | '-' | '+'; readonly line: string }

/** Node gives 1 for what only the first text has, -1 for the second, and nothing at all for two that are empty. */
const stepsOf = (expected: string[], found: string[]): readonly Step[] =>
  expected.length + found.length === 0
    ? []
    : diff(expected, found).map(([sign, line]) => ({ sign: sign === 0 ? ' ' : sign > 0 ? '-' : '+', line }))

/** A line end at the end begins no further line. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

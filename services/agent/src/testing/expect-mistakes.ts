import { expect } from 'vitest'

/** These mistakes and no others, in this order; a text is the whole mistake. */
export function expectMistakes(mistakes: readonly string[], expected: readonly (string | RegExp)[]): void {
  const wrong = mistakes.filter((mistake, index) => !fits(mistake, expected[index]))
  expect({ wrong, count: mistakes.length }).toEqual({ wrong: [], count: expected.length })
}

const fits = (mistake: string, expected: string | RegExp | undefined): boolean =>
  expected instanceof RegExp ? expected.test(mistake) : mistake === expected

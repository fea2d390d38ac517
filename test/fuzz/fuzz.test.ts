import { describe, expect, test } from 'vitest'

import { createRandom } from '../chaos/random.ts'
import { inputOf, tryInput } from './fuzz.ts'
import { minimise } from './minimise.ts'
import { mutate } from './mutate.ts'
import { difference, type Subject } from './subject.ts'
import { SUBJECTS } from './subjects/index.ts'

/** `npm run fuzz` tries millions; these are the first ones of a fixed seed. */
const INPUTS = 120

describe.each(SUBJECTS)('$name', (subject) => {
  test(`${INPUTS} inputs are read alike by what is fast and what is plain`, () => {
    for (let index = 0; index < INPUTS; index++) expect(tryInput(subject, inputOf(subject, 1, index))).toBeUndefined()
  })

  test('the same seed gives the same inputs', () => {
    expect(inputOf(subject, 7, 3)).toEqual(inputOf(subject, 7, 3))
    expect(inputOf(subject, 7, 3)).not.toEqual(inputOf(subject, 7, 4))
  })
})

describe('a reader that is wrong is found', () => {
  const subject = (name: string, problem: Subject['problem']): Subject => ({
    name,
    make: (random) => mutate(Buffer.from('a{b="c"} 1\n'.repeat(20)), random, ['ÿÿ', 'x']),
    problem,
  })

  test.each([
    subject('differs', (input) => difference({ fast: input.includes('x') ? 1 : 2, plain: 2 })),
    subject('crashes', (input) => {
      if (input.includes('x')) throw new RangeError('out of bounds')
      return undefined
    }),
  ])('$name: its input is cut down to what matters', (wrong) => {
    const findings = Array.from({ length: 50 }, (_, index) => tryInput(wrong, inputOf(wrong, 1, index))).filter((one) => one !== undefined)
    expect(findings.length).toBeGreaterThan(5)
    for (const { input, problem } of findings) {
      expect(input.toString()).toBe('x')
      expect(problem).toMatch(/^(?:fast: 1\nplain: 2$|crash: RangeError: out of bounds)/)
    }
  })
})

test('minimise keeps what fails, and stops asking after its attempts', () => {
  const input = Buffer.from('some {"long"} text {"with"} braces')
  expect(minimise(input, (one) => one.includes('{') && one.includes('}')).toString()).toMatch(/^[{}]{2}$/)
  let asked = 0
  minimise(input, () => asked++ < 0, 3)
  expect(asked).toBe(3)
})

test('a mutation changes something, most of the time', () => {
  const body = Buffer.from('a{b="c"} 1\n')
  const random = createRandom(1)
  const changed = Array.from({ length: 100 }, () => mutate(body, random, ['{', '\n'])).filter((one) => !one.equals(body))
  expect(changed.length).toBeGreaterThan(80)
})

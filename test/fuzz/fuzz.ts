import { createRandom } from '../chaos/random.ts'
import { minimise } from './minimise.ts'
import { problemOf, type Subject } from './subject.ts'

export type Finding = {
  readonly subject: string
  readonly input: Buffer
  readonly problem: string
}

/** The input number `index` of a subject: the same for the same seed, whatever else is fuzzed. */
export function inputOf(subject: Subject, seed: number, index: number): Buffer {
  let mixed = seed | 0
  for (const part of [...Buffer.from(subject.name), index]) mixed = Math.imul(mixed ^ part, 0x01000193) ^ (mixed >>> 15)
  return subject.make(createRandom(mixed))
}

/** Tries one input; what is found is made as small as it gets. */
export function tryInput(subject: Subject, input: Buffer): Finding | undefined {
  if (problemOf(subject, input) === undefined) return undefined
  const smallest = minimise(input, (candidate) => problemOf(subject, candidate) !== undefined)
  return { subject: subject.name, input: smallest, problem: problemOf(subject, smallest) ?? 'it does not fail again' }
}

import type { Random } from '../chaos/random.ts'

/** One thing that is fuzzed: where its inputs come from and what must hold for each of them. */
export type Subject = {
  readonly name: string
  readonly make: (random: Random) => Buffer
  /** What is wrong with how `input` is read; undefined when all is well. What it throws is wrong too. */
  readonly problem: (input: Buffer) => string | undefined
}

/** The problem of `input`, a crash included. */
export function problemOf(subject: Subject, input: Buffer): string | undefined {
  try {
    return subject.problem(input)
  } catch (error) {
    return `crash: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}

/** What tells two readings apart, in a form to look at. */
export function difference(readings: Readonly<Record<string, unknown>>): string | undefined {
  const texts = Object.values(readings).map((reading) => JSON.stringify(reading))
  if (texts.every((text) => text === texts[0])) return undefined
  return Object.keys(readings)
    .map((name, index) => `${name}: ${texts[index]}`)
    .join('\n')
}

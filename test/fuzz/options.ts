import { parseArgs } from 'node:util'

import { errorMessage } from '@clymene/model'

import { SUBJECTS } from './subjects/index.ts'

export type FuzzOptions = {
  readonly isHelp: boolean
  readonly seconds: number
  readonly seed: number
  /** Names of subjects. */
  readonly only: readonly string[]
  /** A file with one input. */
  readonly replay: string | undefined
  /** The folder for what is found. */
  readonly out: string
}

const NAMES = SUBJECTS.map(({ name }) => name)

export const USAGE = `npm run fuzz -- [flags]: changed real bodies through the fast readers and through plain ones; the first difference ends it

  --seconds number   how long (default 600)
  --seed number      of the inputs, else it is chosen and printed
  --only names       of ${NAMES.join(',')}
  --replay file      reads this input alone, by the subject that --only names
  --out folder       where an input that fails is written (default .)
`

/** @returns what is wrong, a line each */
export function readOptions(argv: readonly string[]): FuzzOptions | string {
  let values: ReturnType<typeof parse>['values']
  try {
    values = parse(argv).values
  } catch (error) {
    return `${errorMessage(error)}; --help lists all flags`
  }
  const mistakes: string[] = []
  const numberOf = (name: 'seconds' | 'seed', fallback: number): number => {
    const text = values[name]
    const number = text === undefined ? fallback : Number(text === '' ? Number.NaN : text)
    if (number >= 0) return number
    mistakes.push(`--${name}=${JSON.stringify(text)}: expected a number of at least 0`)
    return fallback
  }
  const options = {
    isHelp: values.help ?? false,
    seconds: numberOf('seconds', 600),
    seed: numberOf('seed', Math.floor(Math.random() * 1_000_000)),
    only: values.only?.split(',') ?? NAMES,
    replay: values.replay,
    out: values.out ?? '.',
  }
  for (const name of options.only) if (!NAMES.includes(name)) mistakes.push(`--only=${name}: expected one of ${NAMES.join(', ')}`)
  if (options.replay !== undefined && options.only.length !== 1) mistakes.push('--replay: --only has to name the one subject that reads it')
  return mistakes.length === 0 ? options : mistakes.join('\n')
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      replay: { type: 'string' },
      out: { type: 'string' },
    },
  })

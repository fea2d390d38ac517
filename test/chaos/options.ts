import { parseArgs } from 'node:util'

import { errorMessage } from '@clymene/model'

export type ChaosOptions = {
  readonly isHelp: boolean
  readonly first: number
  readonly seeds: number
  readonly minutes: number
  readonly faults: number
  readonly loadMs: number
  readonly table: string | undefined
}

export const USAGE = `npm run chaos -- [flags]: faults of all kinds against everything, seed after seed

  --seeds number         how many, one unless --minutes is given
  --minutes number       no new seed after that
  --seed number          the first one, else it is chosen and printed
  --faults number        of a seed (default 6)
  --load-seconds number  how long a seed's load lasts (default 18)
  --table file           where the table of docs/reliability.md is written as well
`

/** @returns what is wrong, a line each */
export function readOptions(argv: readonly string[]): ChaosOptions | string {
  const mistakes: string[] = []
  const parsed = ((): ReturnType<typeof parse> | undefined => {
    try {
      return parse(argv)
    } catch (error) {
      mistakes.push(`${errorMessage(error)}; --help lists all flags`)
      return undefined
    }
  })()
  if (parsed === undefined) return mistakes.join('\n')
  const { values } = parsed
  const numberOf = (name: Exclude<keyof typeof values, 'help'>, fallback: number): number => {
    const text = values[name]
    const number = text === undefined ? fallback : Number(text === '' ? Number.NaN : text)
    if (number >= 0) return number
    mistakes.push(`--${name}=${JSON.stringify(text)}: expected a number of at least 0`)
    return fallback
  }
  const options = {
    isHelp: values.help ?? false,
    first: numberOf('seed', Math.floor(Math.random() * 1_000_000)),
    minutes: numberOf('minutes', Infinity),
    seeds: numberOf('seeds', values.minutes === undefined ? 1 : Infinity),
    faults: numberOf('faults', 6),
    loadMs: numberOf('load-seconds', 18) * 1000,
    table: values.table,
  }
  return mistakes.length === 0 ? options : mistakes.join('\n')
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      'load-seconds': { type: 'string' },
      table: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })

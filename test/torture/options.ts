import { parseArgs } from 'node:util'

import { errorMessage } from '@clymene/model'

export type TortureOptions = {
  readonly isHelp: boolean
  readonly first: number
  readonly last: number
  readonly faults: number
  readonly loadMs: number
  readonly table: string | undefined
}

export const USAGE = `npm run torture -- [flags]: log files that are written fast, rotated often and read by an agent that is killed

  --seeds from-to        seeds, such as 1-30 or 7; else one that is chosen and printed
  --faults number        of a seed (default 6)
  --load-seconds number  how long lines are written (default 12)
  --table file           where the table of docs/reliability.md is written as well
`

/** @returns what is wrong, a line each */
export function readOptions(argv: readonly string[]): TortureOptions | string {
  const parsed = ((): ReturnType<typeof parse> | string => {
    try {
      return parse(argv)
    } catch (error) {
      return `${errorMessage(error)}; --help lists all flags`
    }
  })()
  if (typeof parsed === 'string') return parsed
  const { values } = parsed
  const mistakes: string[] = []
  const numberOf = (name: 'faults' | 'load-seconds', fallback: number): number => {
    const text = values[name]
    const number = text === undefined ? fallback : Number(text === '' ? Number.NaN : text)
    if (number >= 0) return number
    mistakes.push(`--${name}=${JSON.stringify(text)}: expected a number of at least 0`)
    return fallback
  }
  const drawn = String(Math.floor(Math.random() * 1_000_000))
  const [, first, last] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(values.seeds ?? drawn) ?? []
  if (first === undefined || Number(last ?? first) < Number(first))
    mistakes.push(`--seeds=${JSON.stringify(values.seeds)}: expected a seed, or the first and the last one as 1-30`)
  const options = {
    isHelp: values.help ?? false,
    first: Number(first),
    last: Number(last ?? first),
    faults: numberOf('faults', 6),
    loadMs: numberOf('load-seconds', 12) * 1000,
    table: values.table,
  }
  return mistakes.length === 0 ? options : mistakes.join('\n')
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      faults: { type: 'string' },
      'load-seconds': { type: 'string' },
      table: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })

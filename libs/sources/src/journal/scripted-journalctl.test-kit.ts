import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A journalctl for tests: shows the lines of JSON in `entries` of the folder that `--directory` names, and follows it. With a file `end` there it
 * says what stands in it, on stderr, and ends with status 1. The arguments of each run are lines of `runs`.
 *
 * What it does with cursors, times and matches is what the real one (systemd 252) does: read-journal.test.ts asks both.
 */
export type ScriptedEntry = Readonly<Record<string, unknown>> & { readonly __CURSOR: string; readonly __REALTIME_TIMESTAMP: string }

/** Entries have numbers, and as many seconds after 2024-01-01. */
export const scriptedEntry = (number: number, fields: Readonly<Record<string, unknown>> = { MESSAGE: `line ${number}` }): ScriptedEntry => {
  const realtime = 1_704_067_200_000_000 + number * 1_000_000
  return { __CURSOR: `s=a;i=${number.toString(16)};t=${realtime.toString(16)};x=1`, __REALTIME_TIMESTAMP: String(realtime), ...fields }
}

export function createScriptedJournal(folder: string) {
  mkdirSync(folder, { recursive: true })
  const path = (name: string): string => join(folder, name)
  return {
    /** Lines that are no entry are written as they are. */
    append: (...entries: readonly (ScriptedEntry | string)[]): void =>
      appendFileSync(path('entries'), entries.map((entry) => `${typeof entry === 'string' ? entry : JSON.stringify(entry)}\n`).join('')),
    /** What was there is rotated away. */
    empty: (): void => rmSync(path('entries'), { force: true }),
    endWith: (text: string): void => {
      writeFileSync(path('end.new'), text)
      renameSync(path('end.new'), path('end'))
    },
    goOn: (): void => rmSync(path('end'), { force: true }),
    runs: (): readonly (readonly string[])[] =>
      existsSync(path('runs'))
        ? readFileSync(path('runs'), 'utf8')
            .split('\n')
            .filter(Boolean)
            .map((line): readonly string[] => JSON.parse(line))
        : [],
  }
}

function run(argv: readonly string[]): void {
  const valueOf = (name: string): string => argv.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''
  const folder = valueOf('directory')
  appendFileSync(join(folder, 'runs'), `${JSON.stringify(argv)}\n`)
  const fail = (text: string): never => {
    process.stderr.write(`${text}\n`)
    process.exit(1)
  }
  const cursor = valueOf('cursor')
  const timeOf = (text: string): number => Number.parseInt(/;t=([0-9a-f]+)/.exec(text)?.[1] ?? '', 16)
  if (cursor !== '' && Number.isNaN(timeOf(cursor))) fail('Failed to seek to cursor: Invalid argument')
  const beginUs = cursor === '' ? Number(valueOf('since').slice(1)) * 1e6 : timeOf(cursor)
  const wanted = Map.groupBy(
    argv.filter((one) => /^[A-Z_]+=/.test(one)).map((one) => one.split('=', 2)),
    ([field]) => field,
  )
  const isShown = (line: string): boolean => {
    if (!line.startsWith('{"__CURSOR"')) return true
    const entry: Record<string, unknown> = JSON.parse(line)
    const matches = [...wanted].every(([field = '', values]) => values.some(([, value]) => value === entry[field]))
    return matches && Number(entry['__REALTIME_TIMESTAMP']) >= beginUs
  }
  const ended = (): void => {
    if (existsSync(join(folder, 'end'))) fail(readFileSync(join(folder, 'end'), 'utf8'))
  }
  ended()
  let offset = 0
  let isWriting = false
  const follow = (): void => {
    if (isWriting) return
    const file = join(folder, 'entries')
    if (existsSync(file) && statSync(file).size > offset) {
      const bytes = readFileSync(file).subarray(offset)
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1)
      offset += whole.length
      isWriting = true
      const shown = whole.toString().split('\n').slice(0, -1).filter(isShown)
      process.stdout.write(shown.map((line) => `${line}\n`).join(''), () => {
        isWriting = false
        follow()
      })
      return
    }
    ended()
  }
  process.stdout.on('error', () => process.exit(0))
  watch(folder, follow)
  follow()
}

if (import.meta.main) run(process.argv.slice(2))

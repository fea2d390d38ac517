import type { LogFields, Logger } from '@clymene/model'

/** Where a command prints. */
export type Terminal = {
  /** Resolves when it was taken, so that a slow reader slows the command. Rejects when nobody reads any more. */
  readonly print: (line: string) => Promise<void>
  /** A line beside the output: on stderr, after the bar if there is one. */
  readonly tell: (line: string) => void
  /** Aborts when the reader of the output has gone, as `head` does when it has enough. */
  readonly gone: AbortSignal
  /** Draws over the line that was drawn before; '' takes it away. Nothing when stderr is no terminal. */
  readonly draw: (line: string) => void
  readonly isInteractive: boolean
}

export function createTerminal({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): Terminal {
  const gone = new AbortController()
  stdout.on('error', (error) => gone.abort(error))
  const isInteractive = stderr.isTTY
  const draw = (line: string): void => void (isInteractive && stderr.write(`\r\u001B[K${line}`))
  return {
    print: (line) =>
      new Promise((resolve, reject) => {
        if (gone.signal.aborted) reject(gone.signal.reason)
        else stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
      }),
    tell: (line) => {
      draw('')
      stderr.write(`${line}\n`)
    },
    gone: gone.signal,
    draw,
    isInteractive,
  }
}

/** What the parts below log, as lines for a person; the small talk of their work is left out. */
export function createTextLogger({ tell }: Pick<Terminal, 'tell'>): Logger {
  const line =
    (level: string, bound: LogFields) =>
    (message: string, fields: LogFields = {}): void =>
      tell(printable(`${level}: ${message}${textOf({ ...bound, ...fields })}`))
  const bind = (bound: LogFields): Logger => ({
    debug: () => undefined,
    info: () => undefined,
    warn: line('warning', bound),
    error: line('error', bound),
    child: (fields) => bind({ ...bound, ...fields }),
  })
  return bind({})
}

const textOf = (fields: LogFields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${value instanceof Error ? value.message : String(value)}`)
    .join('')

/** What came from outside, without what a terminal would take for orders. */
export const printable = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- those are what it is about
  text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g, (character) => ESCAPES.get(character) ?? `\\u${hex(character)}`)

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])
const hex = (character: string): string => character.charCodeAt(0).toString(16).padStart(4, '0')

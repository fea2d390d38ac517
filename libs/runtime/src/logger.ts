import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { LogFields, Logger } from '@clymene/model'
import { destination, multistream, pino } from 'pino'

import { rotatingFile } from './rotating-file.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LoggerOptions = {
  readonly level: LogLevel
  /** Also written there as `clymene.log`, ten times 1 MiB at most. */
  readonly directory?: string
}

/** JSON lines on stderr with the original's keys `level`, `ts` (seconds) and `msg`. */
export function createLogger({ level, directory }: LoggerOptions): Logger {
  const streams: { stream: { write: (line: string) => unknown } }[] = [{ stream: destination({ fd: 2, sync: true }) }]
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true })
    streams.push({ stream: rotatingFile({ path: join(directory, 'clymene.log'), maxBytes: 1024 * 1024, keep: 9 }) })
  }
  const root = pino(
    {
      // Go's zap knows three levels above error; nothing here logs there.
      level: ['dpanic', 'panic'].includes(level) ? 'fatal' : level,
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"ts":${Date.now() / 1000}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    multistream(streams.map((one) => ({ ...one, level: 'trace' as const }))),
  )
  return wrap(root)
}

type PinoLike = {
  [K in 'debug' | 'info' | 'warn' | 'error']: (fields: object, message: string) => void
} & { child: (fields: object) => PinoLike }

const wrap = (target: PinoLike): Logger => ({
  debug: (message, fields) => target.debug(printable(fields), message),
  info: (message, fields) => target.info(printable(fields), message),
  warn: (message, fields) => target.warn(printable(fields), message),
  error: (message, fields) => target.error(printable(fields), message),
  child: (fields) => wrap(target.child(printable(fields))),
})

/** Errors become their message (a stack only for what nobody expected), bigints their digits. */
function printable(fields: LogFields | undefined): object {
  if (fields === undefined) return {}
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? value.message : typeof value === 'bigint' ? String(value) : value,
    ]),
  )
}

/** Swallows everything: for tests and for code that is used without a process. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}

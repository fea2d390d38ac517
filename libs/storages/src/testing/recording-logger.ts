import type { LogFields, Logger } from '@clymene/model'

export type LoggedLine = { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string; readonly fields: LogFields }

/** A logger that keeps its lines. */
export function createRecordingLogger(): { readonly logger: Logger; readonly lines: readonly LoggedLine[] } {
  const lines: LoggedLine[] = []
  const at =
    (level: LoggedLine['level']) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields })
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => logger }
  return { logger, lines }
}

export type LogFields = Readonly<Record<string, unknown>>

/**
 * One line, structured. WARN: nothing lost, someone may look. ERROR: data lost or an operator is needed.
 * Field names: cluster, topic, partition, storage, group, target, path, error. Never a secret.
 */
export type Logger = {
  readonly debug: (message: string, fields?: LogFields) => void
  readonly info: (message: string, fields?: LogFields) => void
  readonly warn: (message: string, fields?: LogFields) => void
  readonly error: (message: string, fields?: LogFields) => void
  readonly child: (fields: LogFields) => Logger
}

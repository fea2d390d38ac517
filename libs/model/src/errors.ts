/** Delivery failed, but the same batch may succeed later: the caller keeps it and tries again. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError'
  /** What the peer asked for (its `Retry-After`), milliseconds; undefined when it did not say. */
  readonly retryAfterMs: number | undefined
  /** HTTP or gRPC status, when there was an answer. */
  readonly status: number | undefined
  /** An address or credential has to be mended: logged as ERROR, once a minute. */
  readonly needsOperator: boolean

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined; status?: number | undefined; needsOperator?: boolean } = {},
  ) {
    super(message, options)
    this.retryAfterMs = options.retryAfterMs
    this.status = options.status
    this.needsOperator = options.needsOperator ?? false
  }
}

/** One sample or entry that a storage named as not acceptable. */
export type RefusedRecord = {
  /** Index of the delivery in the written list. */
  readonly delivery: number
  /** Index of the sample or entry in that delivery. */
  readonly record: number
  readonly reason: string
}

/** The storage refuses the content and will refuse it again. */
export class PermanentError extends Error {
  override readonly name = 'PermanentError'
  readonly status: number | undefined
  /** What was refused, when the storage said so: then all the rest is stored. Undefined: the caller halves to find out. */
  readonly refused: readonly RefusedRecord[] | undefined
  /** The refusal is what a repeat looks like (out of order, duplicate): after a takeover it is booked as a repeat. */
  readonly repeatLike: boolean

  constructor(
    message: string,
    options: { cause?: unknown; status?: number | undefined; refused?: readonly RefusedRecord[] | undefined; repeatLike?: boolean } = {},
  ) {
    super(message, options)
    this.status = options.status
    this.refused = options.refused
    this.repeatLike = options.repeatLike ?? false
  }
}

/** The operator's configuration is wrong: the process prints every mistake, a line each, and exits with status 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly string[]

  constructor(mistakes: string | readonly string[]) {
    const list = typeof mistakes === 'string' ? [mistakes] : mistakes
    super(list.join('\n'))
    this.mistakes = list
  }
}

/**
 * What `read` gives; when it throws a ConfigError undefined, with its mistakes added to those of before: all of them are told at once.
 *
 * @throws any other error of `read`
 */
export function collectMistakes<T>(mistakes: string[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    mistakes.push(...error.mistakes)
    return undefined
  }
}

/** The bytes are not a valid message. `offset` is where in the buffer reading stopped. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly offset: number

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(`${message} at byte ${offset}`, options)
    this.offset = offset
  }
}

export const errorMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The code of a system error (`ENOENT`, `ECONNREFUSED`), '' when there is none. */
export const errorCode = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** An error and what it was made from, outermost first; of several errors in one the first counts. */
export function causesOf(error: unknown): readonly unknown[] {
  const next: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : undefined
  const cause = next ?? (error instanceof Error ? error.cause : undefined)
  return cause === undefined ? [error] : [error, ...causesOf(cause)]
}

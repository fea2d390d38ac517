import { type Emit, type Logger, PermanentError, type RetryableError } from '@clymene/model'
import { type Backoff, createOnceIn, retry } from '@clymene/runtime'

export type PatientEmitOptions = {
  /** What the entries are of, for the log. */
  readonly what: string
  /** Counts entries that were refused for good. */
  readonly refused: (entries: number) => void
  /** Told when it fails for another reason: nobody may write, and so be told of it, for long. */
  readonly broken: () => void
  readonly logger: Logger
  readonly backoff?: Partial<Backoff>
}

const BACKOFF = { minMs: 200, maxMs: 30_000, attempts: Infinity }

/** Gives batches on until the buffer takes them. What it refuses for good is counted and told. */
export function patientEmit({ what, refused, broken, logger, backoff }: PatientEmitOptions, emit: Emit): Emit {
  const complain = createOnceIn(60_000)
  const onFailure = (error: RetryableError): void =>
    complain('wait', (heldBack) => logger.warn(`${what} wait`, { error: error.message, heldBack }))
  return async (batch, signal) => {
    const attempt = async (): Promise<void> => {
      try {
        await emit(batch, signal)
      } catch (error) {
        if (!(error instanceof PermanentError)) throw error
        refused(batch.records)
        complain('refused', (heldBack) => logger.error(`${what} were refused`, { entries: batch.records, error: error.message, heldBack }))
      }
    }
    try {
      await retry(attempt, { backoff: { ...BACKOFF, ...backoff }, onFailure }, signal)
    } catch (error) {
      broken()
      throw error
    }
  }
}

import { DecodeError, errorMessage, PermanentError, RetryableError, type Sink } from '@clymene/model'

/**
 * Leaves a sink only the two kinds of failure (and the abort). A message that cannot be decoded is refused; what nobody
 * expected is tried again and shown to the operator: data is not given up for a mistake in a program.
 */
export function classified(sink: Sink): Sink {
  return {
    write: async (deliveries, signal) => {
      try {
        await sink.write(deliveries, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof RetryableError || error instanceof PermanentError) throw error
        if (error instanceof DecodeError) throw new PermanentError(error.message, { cause: error })
        throw new RetryableError(`unexpected failure: ${errorMessage(error)}`, { cause: error, needsOperator: true })
      }
    },
  }
}

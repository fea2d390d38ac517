import { RetryableError } from '@clymene/model'

/** Few different words: they are values of a label. */
export type FailureReason = 'connection' | 'timeout' | 'file' | 'answer' | 'limit' | 'dns'

/** Targets could not be looked up; those that are known stay and it is tried again. */
export class DiscoveryError extends RetryableError {
  readonly reason: FailureReason

  constructor(reason: FailureReason, message: string, options: ConstructorParameters<typeof RetryableError>[1] = {}) {
    super(message, options)
    this.reason = reason
  }
}

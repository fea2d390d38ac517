import { errorMessage } from '@clymene/model'
import type { Secret } from '@clymene/runtime'
import type { SASLOptions } from 'kafkajs'

export type KafkaSasl = {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  /** Asked for each connection. */
  readonly password: Secret
}

/** kafkajs reads the password of these options whenever it authenticates. */
export function currentSasl({ mechanism, username, password }: KafkaSasl): SASLOptions {
  return {
    mechanism,
    username,
    get password() {
      try {
        return password()
      } catch (error) {
        throw new SaslPasswordError(errorMessage(error), { cause: error })
      }
    },
  }
}

/** The password cannot be read; somebody has to mend that. */
class SaslPasswordError extends Error {
  override readonly name = 'SASLPasswordError'
  /** For kafkajs: not within the same attempt. */
  readonly retriable = false
}

import { setTimeout as sleep } from 'node:timers/promises'

import type { Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import { failureOfError } from './produce-failure.ts'

export type BrokerWait = {
  readonly brokers: readonly string[]
  /** @throws kafkajs's errors when no broker answers. */
  readonly ping: () => Promise<void>
  /** Told why no broker is reached; undefined when one is. */
  readonly onState: (away: string | undefined) => void
  readonly logger: Logger
}

const PING_MS = 1000
/** A Kafka that starts at the same time is there by then. */
const QUIET_MS = 5000
const COMPLAINT_INTERVAL_MS = 60_000

/** Asks the brokers until one answers or `signal` aborts. Who has to change something is told at once, of others after a moment. */
export async function waitForBrokers({ brokers, ping, onState, logger }: BrokerWait, signal: AbortSignal): Promise<void> {
  const start = performance.now()
  const onceAMinute = createOnceIn(COMPLAINT_INTERVAL_MS)
  let isTold = false
  while (!signal.aborted) {
    try {
      await ping()
      onState(undefined)
      if (isTold) logger.info('Kafka is reached', { brokers })
      return
    } catch (error) {
      if (signal.aborted) return
      const { verdict, reason } = failureOfError(error)
      onState(`Kafka: ${reason}`)
      const level = verdict === 'operator' ? 'error' : 'warn'
      if (level === 'error' || performance.now() - start >= QUIET_MS)
        onceAMinute(level === 'error' ? reason : level, (heldBack) => {
          isTold = true
          logger[level]('cannot reach Kafka', { brokers, error: reason, repeated: heldBack })
        })
      await sleep(PING_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

import type { Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { ProduceFailure } from './produce-failure.ts'

/** What the log says of a topic that cannot be produced to, and of the end of that. */
export type ProduceComplaints = {
  /** @param partition undefined when it is the whole topic. */
  readonly failed: (failure: ProduceFailure, partition: number | undefined) => void
  readonly sent: (partition: number) => void
}

export type ProduceComplaintsOptions = { readonly topic: string; readonly logger: Logger; readonly now?: () => number }

const COMPLAINT_INTERVAL_MS = 60_000
/** Leaders of a topic that was just made, or that move from one broker to another, are found in this time. */
const QUIET_MS = 5000

export function createProduceComplaints({ topic, logger, now = () => performance.now() }: ProduceComplaintsOptions): ProduceComplaints {
  const onceAMinute = createOnceIn(COMPLAINT_INTERVAL_MS, now)
  /** What nothing was sent to since it failed, and since when it fails. */
  const failing = new Map<number | undefined, number>()
  let isTold = false
  return {
    failed: ({ verdict, reason }, partition) => {
      const since = failing.get(partition) ?? now()
      // A refused message holds up no other.
      if (verdict !== 'permanent' && verdict !== 'split') failing.set(partition, since)
      if (verdict === 'metadata' && now() - since < QUIET_MS) {
        logger.debug(`cannot produce yet: ${reason}`, { topic, partition })
        return
      }
      onceAMinute(verdict, (heldBack) => {
        if (failing.size > 0) isTold = true
        logger[verdict === 'operator' ? 'error' : 'warn'](`cannot produce: ${reason}`, { topic, repeated: heldBack })
      })
    },
    sent: (partition) => {
      if (failing.size === 0) return
      failing.delete(partition)
      failing.delete(undefined)
      if (failing.size > 0 || !isTold) return
      isTold = false
      logger.info('the topic is produced to again', { topic })
    },
  }
}

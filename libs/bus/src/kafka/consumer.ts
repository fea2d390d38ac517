import { setTimeout as sleep } from 'node:timers/promises'

import type { Bus, Kind, Logger } from '@clymene/model'
import { errorMessage } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { KafkaConnection } from './client.ts'
import { runSession, type SessionLimits } from './consumer-session.ts'
import { ForeignMembersError } from './foreign-members.ts'
import type { KafkaMetrics } from './kafka-metrics.ts'
import { failureOfError, kafkaErrorOf } from './produce-failure.ts'
import { HandleError, StuckHandleError } from './session-errors.ts'
import { StalledError } from './stall-watch.ts'

export type KafkaConsumerOptions = SessionLimits & { readonly connection: KafkaConnection }

export type KafkaConsumer = Pick<Bus, 'consume' | 'unavailable' | 'close'> & {
  /** From now on members of this group that read something else end its consumption, whenever they join. */
  readonly expectOwnMembers: (group: string) => void
}

/** Failures that say nothing about the cluster or the network, one after the other without a batch handled in between. */
const MAX_CRASHES = 10
/** A partition that stands still although messages wait: so often the consumer is started anew before the process has to be. */
const MAX_STALLS = 3
const BACKOFF_MS = 200
const MAX_BACKOFF_MS = 5000
const COMPLAINT_INTERVAL_MS = 60_000

export function createKafkaConsumer(
  options: KafkaConsumerOptions,
  { kindOf, metrics, logger }: { readonly kindOf: (topic: string) => Kind; readonly metrics: KafkaMetrics; readonly logger: Logger },
): KafkaConsumer {
  const reasons = new Map<string, string>()
  const running = new Set<Promise<void>>()
  const shared = new Set<string>()
  const closing = new AbortController()
  const onceAMinute = createOnceIn(COMPLAINT_INTERVAL_MS)

  const consume: Bus['consume'] = async (topic, group, handle, signal) => {
    const stop = AbortSignal.any([signal, closing.signal])
    const name = `group ${group}, topic ${topic}`
    let failures = 0
    let crashes = 0
    /** The partition that stood still last, and how often; that others go on does not count for it. */
    let stalled: number | undefined
    let stalls = 0
    /** Whether the log's last word is that it is read. */
    let isReadTold = false
    reasons.set(name, `${name}: joining`)
    try {
      while (!stop.aborted) {
        try {
          await runSession(
            {
              connection: options.connection,
              limits: options,
              topic,
              group,
              kind: kindOf(topic),
              isShared: shared.has(group),
              handle,
              onReady: () => {
                reasons.delete(name)
                if (!isReadTold) logger.info('Kafka topic is read', { topic, group })
                isReadTold = true
              },
              onProgress: (partition) => {
                failures = 0
                crashes = 0
                if (partition === stalled) stalls = 0
              },
              metrics,
              logger,
            },
            stop,
          )
        } catch (error) {
          if (error instanceof HandleError) throw error.cause
          if (error instanceof StuckHandleError || error instanceof ForeignMembersError) throw error
          if (stop.aborted) return
          // A topic that nobody has produced to yet is as good as an empty one: no reason not to be ready.
          if (isMissingTopic(error)) reasons.delete(name)
          else reasons.set(name, `${name}: ${failureOfError(error).reason}`)
          metrics.restarts.inc({ topic, group })
          if (complain(error, topic, group)) isReadTold = false
          if (error instanceof StalledError) {
            stalls = error.partition === stalled ? stalls + 1 : 1
            stalled = error.partition
            if (stalls >= MAX_STALLS) throw new Error(`${error.message}, also after ${stalls} starts`, { cause: error })
          }
          if (!isOutside(error) && ++crashes >= MAX_CRASHES) {
            throw new Error(`${name}: given up after ${crashes} starts: ${errorMessage(error)}`, { cause: error })
          }
          await sleep(Math.min(BACKOFF_MS * 2 ** failures++, MAX_BACKOFF_MS), undefined, { signal: stop }).catch(() => undefined)
          // Joining takes a session's time when the member that ended is still held for one: then its end is no news any more.
          if (reasons.has(name)) reasons.set(name, `${name}: joining again, after: ${failureOfError(error).reason}`)
        }
      }
    } finally {
      reasons.delete(name)
    }
  }

  /** @returns whether it was logged; it is held back when it was a moment ago. */
  const complain = (error: unknown, topic: string, group: string): boolean => {
    const { verdict, reason } = isMissingTopic(error) ? MISSING_TOPIC : failureOfError(error)
    let isLogged = false
    onceAMinute(`${group} ${topic} ${verdict}`, (heldBack) => {
      isLogged = true
      logger[verdict === 'operator' ? 'error' : 'warn'](`cannot consume: ${reason}`, { topic, group, repeated: heldBack })
    })
    return isLogged
  }

  return {
    consume: (topic, group, handle, signal) => {
      const done = consume(topic, group, handle, signal)
      running.add(done)
      const forget = (): boolean => running.delete(done)
      done.then(forget, forget)
      return done
    },
    expectOwnMembers: (group) => void shared.add(group),
    unavailable: () => reasons.values().next().value,
    close: async () => {
      closing.abort()
      await Promise.allSettled(running)
    },
  }
}

const isMissingTopic = (error: unknown): boolean => kafkaErrorOf(error).type === 'UNKNOWN_TOPIC_OR_PARTITION'
const MISSING_TOPIC = { verdict: 'missing', reason: 'the topic does not exist; waiting for whoever produces to it first' }

/** What passes by itself or when somebody mends the cluster, the network or a credential: that is waited for, for ever. */
export function isOutside(error: unknown): boolean {
  const { name, type } = kafkaErrorOf(error)
  return OUTSIDE_NAMES.test(name) || OUTSIDE_TYPES.test(type)
}

const OUTSIDE_NAMES = /Connection|Timeout|BrokerNotFound|NoBroker|Coordinator|SASL|MetadataNotLoaded|LostContact/
const OUTSIDE_TYPES =
  /AUTHORIZATION_FAILED|SASL|NOT_AVAILABLE|UNKNOWN_TOPIC_OR_PARTITION|NOT_LEADER|COORDINATOR|REBALANCE|UNKNOWN_MEMBER|GENERATION|TIMED_OUT|MEMBER_ID|NETWORK/

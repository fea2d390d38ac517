import { errorMessage, RetryableError, type Logger } from '@clymene/model'
import type { KafkaMessage } from 'kafkajs'

import type { KafkaConnection } from './client.ts'
import { createClusterAccess } from './cluster-access.ts'
import { createTopic, MissingTopicError } from './create-topic.ts'
import type { Cluster } from './internals.ts'
import { failureOfCode, failureOfError, kafkaErrorOf, type ProduceFailure } from './produce-failure.ts'
import { sendProduce } from './produce-request.ts'
import { readRange } from './read-range.ts'
import { encodeHeaders, encodeRecordBatch } from './record-batch.ts'
import type { NamedState } from './save-queue.ts'
import { readMetadata, readNewMetadata } from './topic-metadata.ts'
import { readCleanupPolicy } from './topic-state.ts'

export type LedgerTopicOptions = {
  readonly connection: KafkaConnection
  readonly topic: string
  /** Whether a missing topic is made. */
  readonly mayCreate: boolean
  readonly logger: Logger
}

/** A compacted topic of one partition: message keys are names, values their states. */
export type LedgerTopic = {
  /** Appends the states, in order; all in-sync replicas have them. @throws RetryableError */
  readonly append: (states: readonly NamedState[]) => Promise<void>
  /** Offset behind all that was appended so far, by anyone. @throws RetryableError */
  readonly end: () => Promise<bigint>
  /** @throws RetryableError, the signal's reason. */
  readonly read: (from: bigint, to: bigint, signal: AbortSignal) => AsyncIterable<readonly KafkaMessage[]>
  readonly close: () => void
}

const TIMEOUT_MS = 15_000
const REPLICAS_TIMEOUT_MS = 10_000
const READ_BYTES = 1 << 20
const PARTITION = 0
const ALL_REPLICAS = -1

/** Small segments that are closed often: only closed ones are compacted, and every new reader reads all that is left. */
const SETTINGS = {
  'cleanup.policy': 'compact',
  'segment.ms': String(10 * 60_000),
  'segment.bytes': String(16 << 20),
  'min.cleanable.dirty.ratio': '0.1',
  'max.message.bytes': String(8 << 20),
}

export function createLedgerTopic({ connection, topic, mayCreate, logger }: LedgerTopicOptions): LedgerTopic {
  const access = createClusterAccess({ connection, requestTimeoutMs: TIMEOUT_MS, logger })
  const closing = new AbortController()
  /** The clusters whose metadata has the topic. */
  const seen = new WeakSet<Cluster>()
  let isLookedAt = false

  /** Makes the topic where it is missing. */
  const find = async (cluster: Cluster): Promise<void> => {
    if (seen.has(cluster)) return
    try {
      await readMetadata(cluster, topic)
    } catch (error) {
      if (kafkaErrorOf(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      const creation = {
        isAllowed: mayCreate,
        refusal: 'this client must not make it',
        partitions: 1,
        replication: 3,
        minInSyncReplicas: 2,
        settings: SETTINGS,
      }
      await createTopic(topic, creation, { connection, logger }, closing.signal)
      await readNewMetadata(cluster, topic)
    }
    seen.add(cluster)
    if (!isLookedAt) await lookAtPolicy(cluster)
    isLookedAt = true
  }

  const lookAtPolicy = async (cluster: Cluster): Promise<void> => {
    const policy = await readCleanupPolicy(cluster, topic).catch((error: unknown) => {
      logger.debug('the policy of the ledger topic cannot be read', { topic, error: errorMessage(error) })
      return undefined
    })
    if (policy === undefined || policy === 'compact') return
    logger.error('the ledger will forget: its topic does not keep the last message of each key; expected cleanup.policy=compact', {
      topic,
      found: policy,
    })
  }

  const asked = async <T>(doing: string, question: (cluster: Cluster) => Promise<T>): Promise<T> => {
    try {
      return await access.ask(async (cluster) => {
        await find(cluster)
        return question(cluster)
      })
    } catch (error) {
      if (error instanceof RetryableError) throw error
      const failure: ProduceFailure =
        error instanceof MissingTopicError ? { verdict: 'operator', reason: error.message } : failureOfError(error)
      throw failed(doing, failure, error)
    }
  }

  const failed = (doing: string, { verdict, reason }: ProduceFailure, cause?: unknown): RetryableError =>
    new RetryableError(`${doing} the ledger, Kafka topic ${topic}: ${reason}`, { cause, needsOperator: verdict === 'operator' })

  const append: LedgerTopic['append'] = async (states) => {
    const code = await asked('saving', async (cluster) => {
      await cluster.refreshMetadataIfNecessary()
      const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === PARTITION)?.leader ?? NO_LEADER
      if (leader < 0) return LEADER_NOT_AVAILABLE
      const records = states.map(({ name, state }) => ({ key: Buffer.from(name), value: state, headers: NO_HEADERS }))
      const batch = await encodeRecordBatch(records, Date.now(), undefined)
      const request = { topic, partition: PARTITION, batch, acks: ALL_REPLICAS, timeoutMs: TIMEOUT_MS } as const
      return sendProduce(await cluster.findBroker({ nodeId: leader }), { ...request, replicasTimeoutMs: REPLICAS_TIMEOUT_MS })
    })
    if (code === 0) return undefined
    const failure = failureOfCode(code)
    if (failure.verdict === 'split' && states.length > 1) {
      for (const state of states) await append([state])
      return undefined
    }
    if (failure.verdict === 'split') {
      const [{ name, state } = { name: '', state: NO_HEADERS }] = states
      throw failed('saving', {
        verdict: 'operator',
        reason: `${failure.reason} for ${name} of ${state.length} bytes: raise its max.message.bytes`,
      })
    }
    // The leader is elsewhere, or the topic went: the next call finds out.
    await access.ask((cluster) => (seen.delete(cluster), cluster.refreshMetadata())).catch(() => undefined)
    throw failed('saving', failure)
  }

  return {
    append,
    end: () =>
      asked('reading', async (cluster) => {
        const found = await cluster.fetchTopicsOffset([{ topic, fromBeginning: false, partitions: [{ partition: PARTITION }] }])
        const offset = found[0]?.partitions[0]?.offset
        if (offset === undefined) throw new Error('the brokers do not say where it ends')
        return BigInt(offset)
      }),
    read: (from, to, signal) => readRange(access, { topic, partition: PARTITION, from, to, maxBytes: READ_BYTES }, signal),
    close: () => {
      closing.abort(new Error('the ledger was closed'))
      access.close()
    },
  }
}

const NO_HEADERS = encodeHeaders({})
const NO_LEADER = -1
const LEADER_NOT_AVAILABLE = 5

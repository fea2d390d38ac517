import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage, RetryableError } from '@clymene/model'
import type { KafkaMessage } from 'kafkajs'

import { abortable } from './abortable.ts'
import { partitionsOf, type ClusterAccess } from './cluster-access.ts'
import { decodeBatches } from './decode-batches.ts'
import { sendFetch } from './fetch-request.ts'
import type { Cluster } from './internals.ts'
import { isLeaderMoved, LEADER_MOVED } from './leader-moved.ts'
import { failureOfCode, failureOfError } from './produce-failure.ts'

export type OffsetRange = {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  /** Not included. */
  readonly to: bigint
  /** Of one request's records; one batch may be larger. */
  readonly maxBytes: number
}

/** What one request to the leader gave. */
type Step =
  | { readonly outcome: 'read'; readonly messages: readonly KafkaMessage[]; readonly next: bigint }
  | { readonly outcome: 'end' }
  /** Ask again in a moment. */
  | { readonly outcome: 'wait'; readonly reason: string }
  | { readonly outcome: 'refused'; readonly reason: string; readonly needsOperator: boolean }

/** A leader is chosen anew within this. */
const TRIES = 40
const PAUSE_MS = 250
const TIMEOUT_MS = 15_000

/**
 * Messages of a partition, request by request, without a group; see `Bus.read`.
 *
 * @throws RetryableError, the signal's reason.
 */
export async function* readRange(access: ClusterAccess, range: OffsetRange, signal: AbortSignal): AsyncGenerator<readonly KafkaMessage[]> {
  const where = `reading topic ${range.topic}, partition ${range.partition}`
  let offset = range.from
  for (let tries = 1; offset < range.to;) {
    const step = await abortable(() => access.ask((cluster) => fetchStep(cluster, range, offset)), signal).catch((error: unknown) => {
      signal.throwIfAborted()
      const { verdict, reason } = failureOfError(error)
      throw new RetryableError(`${where}: ${reason}`, { cause: error, needsOperator: verdict === 'operator' })
    })
    if (step.outcome === 'end') return
    if (step.outcome === 'refused') throw new RetryableError(`${where}: ${step.reason}`, { needsOperator: step.needsOperator })
    if (step.outcome === 'wait') {
      if (tries++ >= TRIES) throw new RetryableError(`${where}: ${step.reason}`)
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
      signal.throwIfAborted()
      continue
    }
    tries = 1
    const from = offset
    // Whole batches come: what stands before is not wanted, nor what stands behind.
    const messages = step.messages.filter((message) => BigInt(message.offset) >= from && BigInt(message.offset) < range.to)
    offset = step.next
    if (messages.length > 0) yield messages
  }
}

async function fetchStep(cluster: Cluster, { topic, partition, maxBytes }: OffsetRange, offset: bigint): Promise<Step> {
  const partitions = await partitionsOf(cluster, topic)
  const leader = partitions.find(({ partitionId }) => partitionId === partition)?.leader
  if (leader === undefined)
    return { outcome: 'refused', reason: `there is no partition ${partition}, only ${partitions.length}`, needsOperator: false }
  if (leader < 0) return lookAgain(cluster, 'it has no leader')
  const broker = await cluster.findBroker({ nodeId: leader })
  const answer = await sendFetch(broker, { topic, partition, offset, maxBytes, timeoutMs: TIMEOUT_MS })
  if (answer.errorCode === OFFSET_OUT_OF_RANGE) return outOfRange(cluster, topic, partition, offset)
  if (answer.errorCode !== 0) {
    const { verdict, reason } = failureOfCode(answer.errorCode)
    if (LEADER_MOVED.has(answer.errorCode)) return lookAgain(cluster, reason)
    return { outcome: 'refused', reason, needsOperator: verdict === 'operator' }
  }
  const { messages, next } = await decodeBatches(answer)
  if (next !== undefined) return { outcome: 'read', messages, next }
  // A broker whose limit of bytes a second is reached sends nothing.
  return offset >= answer.end ? { outcome: 'end' } : { outcome: 'wait', reason: `nothing came of what stands before offset ${answer.end}` }
}

/** Retention has deleted it, or it is not there yet. */
async function outOfRange(cluster: Cluster, topic: string, partition: number, offset: bigint): Promise<Step> {
  const found = await cluster.fetchTopicsOffset([{ topic, fromBeginning: true, partitions: [{ partition }] }]).catch((error: unknown) => {
    if (isLeaderMoved(error)) return undefined
    throw error
  })
  if (found === undefined) return lookAgain(cluster, 'its leader has just moved')
  const oldest = BigInt(found[0]?.partitions[0]?.offset ?? '-1')
  return offset < oldest ? { outcome: 'read', messages: [], next: oldest } : { outcome: 'end' }
}

async function lookAgain(cluster: Cluster, reason: string): Promise<Step> {
  try {
    await cluster.refreshMetadata()
  } catch (error) {
    return { outcome: 'wait', reason: `${reason}; ${errorMessage(error)}` }
  }
  return { outcome: 'wait', reason }
}

const OFFSET_OUT_OF_RANGE = 1

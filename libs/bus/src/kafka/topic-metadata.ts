import { setTimeout as sleep } from 'node:timers/promises'

import type { Cluster } from './internals.ts'
import { kafkaErrorOf } from './produce-failure.ts'

/** Reads what the brokers know of a topic. @throws kafkajs's errors, also when there is no such topic. */
export async function readMetadata(cluster: Cluster, topic: string): Promise<void> {
  await cluster.connect()
  if (cluster.targetTopics.has(topic)) await cluster.refreshMetadata()
  else await cluster.addMultipleTargetTopics([topic])
}

/** The same of a topic that was made just now: it takes a moment until every broker knows it. */
export async function readNewMetadata(cluster: Cluster, topic: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await readMetadata(cluster, topic)
    } catch (error) {
      if (tries === NEW_TOPIC_TRIES || !NOT_YET.has(kafkaErrorOf(error).type)) throw error
      await sleep(NEW_TOPIC_PAUSE_MS)
    }
  }
}

const NEW_TOPIC_TRIES = 20
const NEW_TOPIC_PAUSE_MS = 50
const NOT_YET: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'])

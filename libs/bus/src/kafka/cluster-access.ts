import type { Logger } from '@clymene/model'

import { createClient, type KafkaClient, type KafkaConnection } from './client.ts'
import { createCluster, type Cluster, type PartitionMetadata } from './internals.ts'

/** Connections to a cluster for questions that belong together. */
export type ClusterAccess = {
  /** @throws kafkajs's errors, and what the question throws: all that was asked over the same connections fails with it. */
  readonly ask: <T>(question: (cluster: Cluster) => Promise<T>) => Promise<T>
  /** Ends the connections; what is asked later fails. */
  readonly close: () => void
}

export type ClusterAccessOptions = { readonly connection: KafkaConnection; readonly requestTimeoutMs: number; readonly logger: Logger }

export function createClusterAccess({ connection, requestTimeoutMs, logger }: ClusterAccessOptions): ClusterAccess {
  let current: { readonly client: KafkaClient; readonly cluster: Cluster } | undefined
  let closed = false
  return {
    ask: async (question) => {
      if (closed) throw new Error('the bus is closed')
      if (current === undefined) {
        const client = createClient(connection, { requestTimeoutMs, logger })
        current = { client, cluster: createCluster(client.kafka) }
      }
      const used = current
      try {
        await used.cluster.connect()
        return await question(used.cluster)
      } catch (error) {
        // New connections after a failure: kafkajs may hold on to brokers that are gone.
        used.client.destroy('given up after a failure')
        if (current === used) current = undefined
        throw error
      }
    },
    close: () => {
      closed = true
      current?.client.destroy('the bus was closed')
    },
  }
}

/** The partitions of a topic, as the cluster tells them now and then. @throws kafkajs's errors, also when there is no such topic. */
export async function partitionsOf(cluster: Cluster, topic: string): Promise<readonly PartitionMetadata[]> {
  await cluster.addMultipleTargetTopics([topic])
  await cluster.refreshMetadataIfNecessary()
  return cluster.findTopicPartitionMetadata(topic)
}

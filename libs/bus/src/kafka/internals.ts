import type { Kafka, PartitionAssigner } from 'kafkajs'

import type { GroupDescription } from './foreign-members.ts'

/**
 * What kafkajs has but does not show in its types: the cluster behind a producer or consumer. Pinned with its version
 * (package.json); the end-to-end tests fail when a field goes away.
 */
export type Cluster = {
  readonly targetTopics: Set<string>
  readonly brokerPool: { readonly metadata: { readonly clusterId?: string; readonly brokers: readonly unknown[] } | null }
  readonly connect: () => Promise<void>
  readonly disconnect: () => Promise<void>
  readonly addMultipleTargetTopics: (topics: readonly string[]) => Promise<void>
  readonly refreshMetadata: () => Promise<void>
  readonly refreshMetadataIfNecessary: () => Promise<void>
  readonly findTopicPartitionMetadata: (topic: string) => readonly PartitionMetadata[]
  readonly findBroker: (node: { readonly nodeId: number | string }) => Promise<Broker>
  readonly fetchTopicsOffset: (
    topics: readonly {
      readonly topic: string
      readonly fromBeginning: boolean
      readonly partitions: readonly { readonly partition: number }[]
    }[],
  ) => Promise<readonly { readonly topic: string; readonly partitions: readonly PartitionOffset[] }[]>
  // Replaced by group-member.ts to see the group's generations.
  findGroupCoordinator: (group: { readonly groupId: string }) => Promise<Broker>
}

export type PartitionMetadata = {
  readonly partitionId: number
  /** Below 0 while there is none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export type PartitionOffset = { readonly partition: number; readonly offset: string }

type TopicOffsets = { readonly topic: string; readonly partitions: readonly PartitionOffset[] }

export type Joined = { readonly generationId: number; readonly memberId: string }

export type Broker = {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
  readonly connectionPool: { readonly getConnection: () => Promise<Connection> }
  joinGroup: (request: { readonly groupId: string; readonly memberId?: string }) => Promise<Joined>
  offsetFetch: (request: {
    readonly groupId: string
    readonly topics: readonly { readonly topic: string; readonly partitions: readonly { readonly partition: number }[] }[]
  }) => Promise<{ readonly responses: readonly TopicOffsets[] }>
  readonly describeGroups: (request: { readonly groupIds: readonly string[] }) => Promise<{ readonly groups: readonly GroupDescription[] }>
  readonly describeConfigs: (request: {
    readonly resources: readonly { readonly type: number; readonly name: string; readonly configNames: readonly string[] }[]
  }) => Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string | null }[]
    }[]
  }>
  readonly offsetCommit: (request: {
    readonly groupId: string
    readonly groupGenerationId: number
    readonly memberId: string
    readonly topics: readonly TopicOffsets[]
  }) => Promise<unknown>
}

export type Connection = {
  readonly clientId: string
  readonly socket: { readonly cork: () => void; readonly uncork: () => void; readonly write: (bytes: Uint8Array) => boolean }
  readonly isAuthenticated: () => boolean
  readonly authenticate: () => Promise<void>
  readonly nextCorrelationId: () => number
  readonly requestQueue: {
    readonly push: (request: {
      readonly entry: {
        readonly apiKey: number
        readonly apiName: string
        readonly apiVersion: number
        readonly correlationId: number
        readonly resolve: (response: { readonly payload: Buffer | null }) => void
        readonly reject: (error: Error) => void
      }
      readonly expectResponse: boolean
      readonly requestTimeout: number
      readonly sendRequest: () => void
    }) => void
    readonly maybeThrottle: (milliseconds: number) => void
  }
}

/** A cluster of its own: connections to every broker that is used, metadata of the topics that it was told. */
export function createCluster(kafka: Kafka): Cluster {
  const create: unknown = Object.getOwnPropertySymbols(kafka)
    .filter((symbol) => symbol.description === 'private:Kafka:createCluster')
    .map((symbol): unknown => Reflect.get(kafka, symbol))[0]
  if (typeof create !== 'function') throw new TypeError('kafkajs is not the version that this was written for: it has no createCluster')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type above says what kafkajs 2.2.4 has there
  return Reflect.apply(create, kafka, [{ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false }]) as Cluster
}

/** Names the log that messages are of, for ever; asked for after the cluster's metadata was read. */
export const clusterIdOf = (cluster: Cluster | undefined): string => cluster?.brokerPool.metadata?.clusterId ?? 'kafka'

/** New partitions of a topic are seen after this long at most. */
export const METADATA_MAX_AGE_MS = 60_000

/** Partitions are dealt out by `assigner`; `seen` gets the cluster of the consumer that asks for it. */
export const observedAssigner =
  (assigner: PartitionAssigner, seen: (cluster: Cluster) => void): PartitionAssigner =>
  (config) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- kafkajs types the cluster of an assigner by a part of it
    seen(config.cluster as unknown as Cluster)
    return assigner(config)
  }

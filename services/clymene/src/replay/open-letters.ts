import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { createKafkaBus, createKafkaLedgerStore, openEmbeddedBus, type KafkaConsumerOptions } from '@clymene/bus'
import { kindOfTopic } from '@clymene/ingester'
import { createDirectoryLedgerStore } from '@clymene/ledger'
import { ConfigError, errorMessage, type Bus, type Kind, type LedgerStore, type Logger } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { deadLetterTopic } from '@clymene/storages'

import type { LetterFolder, ReplayConfig } from './configure.ts'

/** Where letters are read, and where is noted which of them were sent. */
export type OpenedLetters = {
  readonly bus: Pick<Bus, 'lag' | 'read'>
  /** Absent where nothing can be noted. */
  readonly store: LedgerStore | undefined
  /** Topics that letters stood on before, with their kind. */
  readonly topics: ReadonlyMap<string, Kind>
  readonly close: () => Promise<void>
}

/** @throws ConfigError when a folder is none that letters are in, or another process has it. */
export async function openLetters(config: ReplayConfig, logger: Logger): Promise<OpenedLetters> {
  const { kafka, folder } = config
  if (folder !== undefined) return openFolder(folder, config)
  if (kafka === undefined) throw new ConfigError('expected Kafka or a folder to read')
  return openKafka(kafka, config, logger)
}

function openKafka(consumer: KafkaConsumerOptions, { values, topics, verb }: ReplayConfig, logger: Logger): OpenedLetters {
  const kindOf = kindOfTopic(values['kafka.consumer.promtail.topic'])
  const bus = createKafkaBus({ consumer, kindOf, metrics: createMetrics(), logger })
  const topic = values['kafka.ledger.topic']
  const { connection } = consumer
  const store = topic === '' ? undefined : createKafkaLedgerStore({ connection, topic, mayCreate: verb === 'send', logger })
  return {
    bus,
    store,
    topics,
    close: async () => {
      await Promise.all([bus.close(), store?.close()])
    },
  }
}

/** Nothing may expire by being looked at, whatever the bounds of its owner are. */
const UNBOUNDED = { maxBytes: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER, full: 'refuse', housekeepingMs: 0 } as const

async function openFolder({ flag, bus: directory, ledger }: LetterFolder, { topics }: ReplayConfig): Promise<OpenedLetters> {
  const isThere = (name = ''): boolean => existsSync(join(directory, 'topics', name))
  if (!isThere()) throw new ConfigError(`${flag}: expected the folder of a log, with topics in it`)
  const bus = await openEmbeddedBus({ directory, ...UNBOUNDED, logger: silentLogger }).catch((error: unknown) => {
    throw new ConfigError(`${flag}: ${errorMessage(error)}`)
  })
  const store = createDirectoryLedgerStore(ledger)
  return {
    bus,
    store,
    // A topic that is asked for would be made.
    topics: new Map([...topics].filter(([topic]) => isThere(encodeURIComponent(deadLetterTopic(topic)).replaceAll('.', '%2E')))),
    close: async () => {
      await Promise.all([bus.close(), store.close()])
    },
  }
}

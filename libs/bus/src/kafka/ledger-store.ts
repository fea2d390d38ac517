import type { LedgerStore, Logger } from '@clymene/model'

import { abortable } from './abortable.ts'
import type { KafkaConnection } from './client.ts'
import { registerDecompression } from './compression.ts'
import { createLedgerTopic, type LedgerTopic } from './ledger-topic.ts'
import { createSaveQueue } from './save-queue.ts'
import { createStateIndex } from './state-index.ts'

export type KafkaLedgerStoreOptions = {
  readonly connection: KafkaConnection
  /** Default `clymene-ledger`. It is made when it is missing: compacted, one partition, up to three copies. */
  readonly topic?: string
  /** Whether a missing topic is made; default true. Otherwise it is an error that says what to do. */
  readonly mayCreate?: boolean
  /** Of states that are kept in memory; what is beyond is fetched again when it is asked for. Default 16 MiB. */
  readonly cacheBytes?: number
  readonly logger: Logger
}

export const LEDGER_TOPIC = 'clymene-ledger'
const CACHE_BYTES = 16 << 20
/** Of the states that go in one request. */
const REQUEST_BYTES = 256 << 10

/**
 * States in a compacted topic: all replicas see them, and the last of each name outlives every process. Nothing is asked of the brokers
 * before the first call. What is read is read once, from where the last call ended.
 */
export const createKafkaLedgerStore = ({
  connection,
  topic = LEDGER_TOPIC,
  mayCreate = true,
  cacheBytes,
  logger,
}: KafkaLedgerStoreOptions): LedgerStore => {
  registerDecompression()
  return createLedgerStore(createLedgerTopic({ connection, topic, mayCreate, logger }), cacheBytes ?? CACHE_BYTES)
}

export function createLedgerStore(topic: LedgerTopic, cacheBytes: number): LedgerStore {
  const index = createStateIndex(cacheBytes)
  const queue = createSaveQueue(topic.append, REQUEST_BYTES)
  const closing = new AbortController()
  /** Everything before this offset is in the index. */
  let position = 0n
  let reading: Promise<void> = Promise.resolve()

  /** Reads what was saved before this call. One after the other: the second finds that the first has read it. */
  const catchUp = (): Promise<void> => {
    reading = reading.catch(() => undefined).then(readOn)
    return reading
  }

  const readOn = async (): Promise<void> => {
    const end = await topic.end()
    if (end < position) {
      // The topic was made anew.
      index.clear()
      position = 0n
    }
    for await (const messages of topic.read(position, end, closing.signal)) {
      for (const { key, value, offset } of messages) {
        position = BigInt(offset) + 1n
        if (key === null) continue
        if (value === null) index.remove(key.toString())
        // A copy: the message is a view of the whole answer.
        else index.set(key.toString(), BigInt(offset), Buffer.from(value))
      }
    }
    position = end
  }

  /** @returns undefined when a later state has taken its place meanwhile and this one was compacted away. */
  const stateAt = async (offset: bigint): Promise<Buffer | undefined> => {
    for await (const messages of topic.read(offset, offset + 1n, closing.signal)) {
      const value = messages[0]?.value
      if (value !== null && value !== undefined) return Buffer.from(value)
    }
    return undefined
  }

  const stateOf = async (name: string): Promise<Buffer | undefined> => {
    for (;;) {
      const saved = index.get(name)
      if (saved === undefined || saved.state !== undefined) return saved?.state
      const state = await stateAt(saved.offset)
      if (state !== undefined) return state
      await catchUp()
      // It went without another in its place: somebody has deleted it.
      if (index.get(name)?.offset === saved.offset) index.remove(name)
    }
  }

  return {
    load: (name, signal) =>
      abortable(async () => {
        await catchUp()
        return stateOf(name)
      }, signal),
    save: (name, state, signal) => abortable(() => queue.save({ name, state }), signal),
    all: (signal) =>
      abortable(async () => {
        await catchUp()
        const states = new Map<string, Buffer>()
        for (const name of index.names()) {
          const state = await stateOf(name)
          if (state !== undefined) states.set(name, state)
        }
        return states
      }, signal),
    close: () => {
      closing.abort(new Error('the ledger was closed'))
      topic.close()
      return Promise.resolve()
    },
  }
}

import {
  errorMessage,
  type Bus,
  type BusRecord,
  type Delivery,
  type Envelope,
  type Kind,
  type Logger,
  type Origin,
  type PermanentError,
  type RetryableError,
} from '@clymene/model'
import { createOnceIn, retry, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'

import { clusterIn, describeFirst } from './describe.ts'
import { noteHeaders, withoutNote, type LetterNote } from './letter-headers.ts'
import { createLetterWriter } from './letter-parts.ts'

/** A message with why and where it was refused in `extra`, beside its own headers. */
export type DeadLetter = Envelope & { readonly extra: Readonly<Record<string, string>> }

export const deadLetterTopic = (topic: string): string => `${topic}-dead-letter`

export type DeadLettersOptions = {
  readonly bus: Pick<Bus, 'produce'>
  /** Where the messages come from; their dead letters go to `<topic>-dead-letter`. */
  readonly topic: string
  readonly storage: string
  readonly kind: Kind
  readonly metrics: Metrics
  readonly logger: Logger
  readonly backoff?: Partial<Backoff>
  /** Told while a letter cannot be written. */
  readonly readiness?: Pick<Readiness, 'watch'> | undefined
  readonly now?: () => number
}

export type DeadLetters = {
  /** Keeps what the storage refused. Resolves when the bus has it, and tries until then: nothing goes on without. */
  readonly refused: (piece: Delivery, error: PermanentError, signal: AbortSignal) => Promise<void>
  /** Keeps a message that nobody can read, byte by byte. */
  readonly undecodable: (record: BusRecord, error: Error, signal: AbortSignal) => Promise<void>
}

const BACKOFF: Backoff = { minMs: 200, maxMs: 30_000, attempts: Infinity }

export function createDeadLetters({
  bus,
  topic,
  storage,
  kind,
  metrics,
  logger,
  backoff,
  readiness,
  now = Date.now,
}: DeadLettersOptions): DeadLetters {
  const counter = metrics.counter('clymene_delivery_dead_letters_total', 'Messages, or pieces of them, put on the dead-letter topic', [
    'storage',
    'topic',
    'cause',
  ])
  const records = metrics.counter('clymene_delivery_dead_letter_records_total', 'Samples or entries that a storage refused for good', [
    'storage',
    'topic',
  ])
  const onceInASecond = createOnceIn(1000)
  const onceInAMinute = createOnceIn(60_000)

  /** Letters that wait to be written, with the reason. */
  const held = new Map<DeadLetter, string>()
  readiness?.watch(`dead letters of storage ${storage}: ${topic}`, () => held.values().next().value)

  const produce = async (letter: DeadLetter, signal: AbortSignal): Promise<void> => {
    const onFailure = (error: RetryableError): void => {
      held.set(letter, error.message)
      onceInAMinute('hold', (heldBack) =>
        logger.error('dead letter cannot be written; this partition waits', { storage, topic, error: error.message, heldBack }),
      )
    }
    try {
      await retry(createLetterWriter(bus, deadLetterTopic(topic), letter), { backoff: { ...BACKOFF, ...backoff }, onFailure }, signal)
    } finally {
      held.delete(letter)
    }
  }

  const letterOf = (message: Omit<Envelope, 'kind'>, note: Omit<LetterNote, 'storage' | 'timeMs'>): DeadLetter => {
    const { key, value, headers, extra } = message
    return { kind, key, value, headers, extra: { ...withoutNote(extra), ...noteHeaders({ ...note, storage, timeMs: now() }) } }
  }

  return {
    refused: async (piece, error, signal) => {
      const { headers, position } = piece
      const { status, message: reason } = error
      const note = { reason, cluster: headers.cluster ?? clusterIn(piece), position, ...(status === undefined ? {} : { status }) }
      await produce(letterOf(piece, { ...note, ...originOf(piece) }), signal)
      counter.inc({ storage, topic, cause: 'refused' })
      records.inc({ storage, topic }, headers.records ?? 0)
      onceInASecond(error.message.slice(0, 64), (heldBack) =>
        logger.warn('storage refused data; it is on the dead-letter topic', {
          ...fieldsOf(piece),
          ...describeFirst(piece),
          error: error.message,
          heldBack,
        }),
      )
    },
    undecodable: async (record, error, signal) => {
      const { scanned: _, ...headers } = record.headers
      const note = { reason: error.message, cluster: headers.cluster ?? '', position: 0 }
      await produce(letterOf({ ...record, headers }, { ...note, ...originOf(record) }), signal)
      counter.inc({ storage, topic, cause: 'undecodable' })
      onceInASecond('undecodable', (heldBack) =>
        logger.warn('message cannot be read; it is on the dead-letter topic', {
          ...fieldsOf(record),
          error: errorMessage(error),
          heldBack,
        }),
      )
    },
  }

  function fieldsOf({ headers, origin }: { readonly headers: Envelope['headers']; readonly origin?: Origin }) {
    const { cluster, agent } = headers
    return { storage, topic, partition: origin?.partition, offset: origin?.offset, cluster, agent }
  }
}

const originOf = ({ origin }: { readonly origin?: Origin }): Pick<LetterNote, 'origin'> => (origin === undefined ? {} : { origin })

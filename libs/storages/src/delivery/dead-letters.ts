import {
  errorMessage,
  PermanentError,
  RetryableError,
  type Bus,
  type BusRecord,
  type Delivery,
  type Envelope,
  type Kind,
  type Logger,
  type Origin,
} from '@clymene/model'
import { createOnceIn, retry, type Backoff, type Metrics } from '@clymene/runtime'

import { describeFirst } from './describe.ts'

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

  const onFailure = (error: RetryableError): void =>
    onceInAMinute('hold', (heldBack) =>
      logger.error('dead letter cannot be written; this partition waits', { storage, topic, error: error.message, heldBack }),
    )
  const produce = (letter: DeadLetter, signal: AbortSignal): Promise<void> => {
    return retry((inner) => produceInParts(bus, topic, letter, inner), { backoff: { ...BACKOFF, ...backoff }, onFailure }, signal)
  }

  const extra = (reason: string, status: number | undefined, origin: Origin | undefined, position: number) => ({
    'clymene-dl-storage': storage,
    'clymene-dl-reason': cut(reason, 1024),
    'clymene-dl-time': String(now()),
    'clymene-dl-position': String(position),
    ...(status === undefined ? {} : { 'clymene-dl-status': String(status) }),
    ...(origin === undefined
      ? {}
      : {
          'clymene-dl-topic': origin.topic,
          'clymene-dl-partition': String(origin.partition),
          'clymene-dl-offset': String(origin.offset),
          'clymene-dl-timestamp': String(origin.timestampMs),
        }),
  })

  return {
    refused: async (piece, error, signal) => {
      const { key, value, headers, origin, position } = piece
      await produce({ kind, key, value, headers, extra: extra(error.message, error.status, origin, position) }, signal)
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
      const { key, value, origin } = record
      const { scanned: _, ...headers } = record.headers
      await produce({ kind, key, value, headers, extra: extra(error.message, undefined, origin, 0) }, signal)
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

/**
 * A dead letter that the bus refuses (it is as large as a message may be, and has more headers) goes as parts of its bytes,
 * told by the header `clymene-dl-part: <number>/<count>`, counted from 1.
 */
async function produceInParts(bus: Pick<Bus, 'produce'>, topic: string, letter: DeadLetter, signal: AbortSignal): Promise<void> {
  let refusal: unknown
  for (let count = 1; count <= MAX_PARTS; count *= 2) {
    try {
      await bus.produce(deadLetterTopic(topic), partsOf(letter, count), signal)
      return
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      refusal = error
    }
  }
  throw new RetryableError(errorMessage(refusal), { cause: refusal, needsOperator: true })
}

const MAX_PARTS = 64

function partsOf(letter: DeadLetter, count: number): readonly DeadLetter[] {
  if (count === 1) return [letter]
  const size = Math.ceil(letter.value.length / count)
  return Array.from({ length: count }, (_, index) => ({
    ...letter,
    value: letter.value.subarray(index * size, (index + 1) * size),
    extra: { ...letter.extra, 'clymene-dl-part': `${index + 1}/${count}` },
  }))
}

/** The start of a text that takes at most so many bytes as UTF-8, whole characters. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text)
  return bytes.length <= maxBytes
    ? text
    : bytes
        .subarray(0, maxBytes)
        .toString()
        .replace(/\uFFFD+$/, '')
}

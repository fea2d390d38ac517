import {
  envelopeKey,
  errorMessage,
  PermanentError,
  PROTOBUF,
  RetryableError,
  type Bus,
  type Delivery,
  type Emit,
  type Envelope,
  type Kind,
  type Logger,
  type Sink,
  type SourceBatch,
} from '@clymene/model'
import { createOnceIn, freeBuffer, retry, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'
import {
  classified,
  createDeadLetters,
  createMaybeStored,
  type DeadLetters,
  isolating,
  observed,
  retrying,
  type StorageTarget,
} from '@clymene/storages'
import { compress } from '@clymene/wire'

import type { SentAccount } from './sent-account.ts'

/** Who sends: part of the key of every message, so that nobody else's data share its order. */
export type Identity = { readonly agent: string; readonly cluster: string; readonly tenant: string }

/** Numbers of one key, rising by one; the epoch says where they began. */
export type Sequences = { readonly epoch: number; readonly next: (key: string) => number }

/**
 * Makes the message of a batch. `space` keeps the numbers of readers apart that send the same streams to different storages.
 * It throws RetryableError when no number can be had (a full disk).
 */
export function createEnvelopes(identity: Identity, sequences: Sequences, space: string): (batch: SourceBatch) => Envelope {
  return ({ kind, body, records, newestMs, stream, tenant = identity.tenant }) => {
    const headers = {
      contentType: PROTOBUF,
      ...(tenant === '' ? {} : { tenant }),
      ...(identity.cluster === '' ? {} : { cluster: identity.cluster }),
      agent: identity.agent,
      stream: `${kind}-${stream}`,
      records,
      ...(newestMs === undefined ? {} : { newestMs }),
    }
    const key = envelopeKey(headers)
    const sequence = nextNumber(sequences, `${space} ${key}`)
    // Our own encoder made the body: it is a whole message by itself, as the mark says.
    return { kind, key, value: compress(body), headers: { ...headers, epoch: sequences.epoch, sequence, scanned: true } }
  }
}

function nextNumber(sequences: Sequences, key: string): number {
  try {
    return sequences.next(key)
  } catch (error) {
    throw new RetryableError(`sequence numbers cannot be reserved: ${errorMessage(error)}`, { cause: error, needsOperator: true })
  }
}

export type BufferEmitOptions = {
  readonly buffer: Bus
  readonly topic: string
  readonly envelopeOf: (batch: SourceBatch) => Envelope
  /** Keeps the streams apart from those that another way sends; default ''. */
  readonly streamPrefix?: string
  /** Of each storage, for what is not to be sent. */
  readonly deadLetters?: readonly DeadLetters[]
  /** Counts what the buffer does not take. */
  readonly refused?: SentAccount | undefined
}

/** What cannot be read again goes into the buffer; what reads it delivers to each storage at its own pace. */
export function emitToBuffer({ buffer, topic, envelopeOf, streamPrefix = '', deadLetters = [], refused }: BufferEmitOptions): Emit {
  return async (batch, signal) => {
    const envelope = envelopeOf(streamPrefix === '' ? batch : { ...batch, stream: `${streamPrefix}${batch.stream}` })
    if (batch.refused !== undefined) {
      for (const letters of deadLetters) await keep(letters, envelope, batch.refused, signal)
      return refused?.begin()('dropped')
    }
    try {
      await buffer.produce(topic, [envelope], signal)
    } catch (error) {
      refused?.begin()('dropped')
      throw error
    }
    // It is in the log, and nobody else was given it.
    freeBuffer(envelope.value)
  }
}

export type DirectEmitOptions = {
  readonly kind: Kind
  readonly storage: string
  readonly sink: Sink
  /** Where refused pieces are kept. */
  readonly buffer: Bus
  readonly topic: string
  readonly metrics: Metrics
  readonly logger: Logger
  readonly backoff: Partial<Backoff>
  readonly readiness: Pick<Readiness, 'watch'>
  /** Tells that the storage is back. */
  readonly onReturn?: StorageTarget['onReturn']
  /** Counts what is sent. */
  readonly account?: SentAccount | undefined
}

/** Lines go straight into one storage: their files are the buffer, and the position moves when this resolves. */
export function emitToStorage(options: DirectEmitOptions, envelopeOf: (batch: SourceBatch) => Envelope): Emit {
  const { kind, storage, sink, buffer, topic, metrics, logger, backoff, readiness, onReturn, account } = options
  const deadLetters = createDeadLetters({ bus: buffer, topic, storage, kind, metrics, logger, readiness })
  const maybeStored = createMaybeStored()
  const repeats = metrics.counter(
    'clymene_agent_repeats_total',
    'Samples or entries whose first write had an unknown outcome and that the storage had',
    ['storage', 'kind'],
  )
  const counted = observed(classified(sink), { storage, kind, metrics })
  const patient = retrying(counted, { storage, kind, logger, maybeStored, backoff, readiness, onReturn })
  /** Resolves with the number of samples or entries that are dead letters now. */
  const write = async (delivery: Delivery, signal: AbortSignal): Promise<number> => {
    let refused = 0
    const writer = isolating(patient, {
      maybeStored,
      repeat: ({ headers }) => repeats.inc({ storage, kind }, headers.records ?? 0),
      refuse: async ({ piece, error }, inner) => {
        await deadLetters.refused(piece, error, inner)
        refused += piece.headers.records ?? 0
      },
    })
    await writer.write([delivery], signal)
    return refused
  }
  const onceInAMinute = createOnceIn(60_000)
  const onFailure = (error: RetryableError): void =>
    onceInAMinute('numbers', (heldBack) => logger.error('lines wait', { storage, error: error.message, heldBack }))
  return async (batch, signal) => {
    const number = async (): Promise<Envelope> => envelopeOf(batch)
    const envelope = await retry(number, { backoff: { ...NUMBERING, ...backoff }, onFailure }, signal)
    const settle = account?.begin()
    if (batch.refused !== undefined) {
      await keep(deadLetters, envelope, batch.refused, signal)
      return settle?.('dropped')
    }
    const refused = await write({ ...envelope, position: 0 }, signal)
    // The storage has it, or it is among the dead letters.
    freeBuffer(envelope.value)
    settle?.(refused > 0 && refused >= batch.records ? 'dropped' : 'acknowledged')
  }
}

const keep = (letters: DeadLetters, envelope: Envelope, reason: string, signal: AbortSignal): Promise<void> =>
  letters.refused({ ...envelope, position: 0 }, new PermanentError(reason), signal)

/** The disk may have room again. */
const NUMBERING: Backoff = { minMs: 200, maxMs: 30_000, attempts: Infinity }

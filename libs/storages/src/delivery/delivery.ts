import type { Ledger } from '@clymene/ledger'
import type { BatchHandler, Bus, Delivery, Kind, Logger, PartitionBatch, Sink } from '@clymene/model'
import { createOnceIn, type Backoff, type Metrics, type Readiness } from '@clymene/runtime'
import { createMessageReader } from '@clymene/wire'

import { classified } from '../decorators/classified.ts'
import { isolating, type Refusal } from '../decorators/isolating.ts'
import { createMaybeStored } from '../decorators/lineage.ts'
import { createLingering } from '../decorators/lingering.ts'
import { observed } from '../decorators/observed.ts'
import { retrying, type OnReturn } from '../decorators/retrying.ts'
import { createBatchBook } from './batch-book.ts'
import { createBody, type Body } from './bodies.ts'
import { createDeadLetters } from './dead-letters.ts'
import { describeFirst } from './describe.ts'
import { DEFAULT_LIMITS, type BodyLimits, type BodySize } from './limits.ts'
import { createOutcomes, emptySettlement, repeatSettlement, undecodableSettlement } from './outcomes.ts'
import { prepare } from './prepare.ts'
import { createRecentNumbers } from './recent.ts'

export type DeliveryOptions = {
  readonly bus: Bus
  readonly topic: string
  readonly group: string
  readonly kind: Kind
  /** Name of the storage, for metrics, logs and dead letters. */
  readonly storage: string
  /** The storage's own sink: observing, retrying and isolating are done here. */
  readonly sink: Sink
  readonly metrics: Metrics
  readonly logger: Logger
  readonly limits?: Partial<BodyLimits>
  /** Of a body that it refuses the storage may have kept the rest: then a body has one message of each key. */
  readonly storesParts?: boolean
  readonly backoff?: Partial<Backoff>
  /** Told of a credential or address that has to be mended. */
  readonly readiness?: Pick<Readiness, 'watch'>
  /** Writes that wait need not wait to the end when the storage is found to be back. */
  readonly onReturn?: OnReturn | undefined
  /** Where it is booked what came of each message; none when nobody keeps books. */
  readonly ledger?: Pick<Ledger, 'take'> | undefined
}

/** The bus is where dead letters go; the group is only the name in the books. */
export type BatchHandlerOptions = Omit<DeliveryOptions, 'group' | 'bus'> & { readonly bus: Pick<Bus, 'produce'>; readonly group?: string }

/** The way of one topic into one storage. Runs until `signal` aborts; rejects when the bus cannot be read any more. */
export function createDelivery(options: DeliveryOptions): { readonly run: (signal: AbortSignal) => Promise<void> } {
  const handle = createBatchHandler(options)
  return { run: (signal) => options.bus.consume(options.topic, options.group, handle, signal) }
}

/**
 * Writes the messages of a partition body after body, each acknowledged (and, where the bus can, committed) before the next
 * begins. A message ends in the storage, as a repeat, or on the dead-letter topic; until then its partition waits.
 */
export function createBatchHandler(options: BatchHandlerOptions): BatchHandler {
  const {
    bus,
    topic,
    kind,
    storage,
    sink,
    metrics,
    logger,
    backoff,
    readiness,
    storesParts = false,
    ledger,
    onReturn,
    group = '',
  } = options
  const limits = { ...DEFAULT_LIMITS[kind], ...options.limits }
  const reader = createMessageReader({ maxBytes: limits.maxDecompressedBytes })
  const repeats = metrics.counter(
    'clymene_delivery_repeats_total',
    'Samples or entries that came again after a crash, a rebalance or a lost answer, and that the storage has already',
    ['storage', 'topic'],
  )
  const messages = metrics.counter('clymene_delivery_messages_total', 'Messages that are settled: stored, a repeat, or a dead letter', [
    'storage',
    'topic',
  ])
  const deadLetters = createDeadLetters({
    bus,
    topic,
    storage,
    kind,
    metrics,
    logger,
    readiness,
    ...(backoff === undefined ? {} : { backoff }),
  })
  const maybeStored = createMaybeStored()
  const onceInASecond = createOnceIn(1000)
  const outcomes = createOutcomes()
  const repeat = (piece: Delivery): void => {
    outcomes.repeated(piece)
    repeats.inc({ storage, topic }, piece.headers.records ?? 0)
    onceInASecond('repeat', (heldBack) => {
      const { origin, headers } = piece
      const place = { storage, topic, partition: origin?.partition, offset: origin?.offset, cluster: headers.cluster, agent: headers.agent }
      logger.info('taken for a repeat, as it may have been written before a crash, a rebalance or a lost answer', {
        ...place,
        ...describeFirst(piece),
        heldBack,
      })
    })
  }
  const lingering = createLingering()
  const counted = observed(classified(lingering.watch(sink)), { storage, kind, metrics })
  const patient = retrying(counted, {
    storage,
    kind,
    logger,
    maybeStored,
    readiness,
    onReturn,
    ...(backoff === undefined ? {} : { backoff }),
  })
  const newBody = (): Body => createBody(limits, { storesParts })
  const partitions = new Map<number, PartitionState>()

  return async (batch, signal) => {
    const book = createBatchBook(await ledger?.take(batch, { kind, storage, group }, signal), outcomes)
    const state = stateOf(partitions, batch, newBody)
    const refuse = async ({ piece, error }: Refusal, inner: AbortSignal): Promise<void> => {
      // Whoever has the partition now may have written it: then the refusal says nothing, and is theirs to see.
      if (error.repeatLike && (await batch.isOurs?.()) === false) inner.throwIfAborted()
      isReleasable = false
      await deadLetters.refused(piece, error, inner)
      outcomes.refused(piece)
    }
    const writer = isolating(patient, { maybeStored, repeat, refuse })
    let body = newBody()
    /** Whether nothing can have views of the values any more at the end: each write and letter went through the first time. */
    let isReleasable = true
    const isKnown = ({ key, headers, value }: Delivery): boolean => state.recent.has(key, headers, value)

    /** Writes what is collected: then all records before `settled` are done with. */
    const flush = async (settled: number): Promise<void> => {
      signal.throwIfAborted()
      if (body.deliveries.length > 0) await writer.write(body.deliveries, signal)
      for (const { key, headers, value } of body.deliveries) state.recent.add(key, headers, value)
      isReleasable &&= !body.deliveries.some(lingering.has)
      body = newBody()
      await book.settle(signal)
      // The last commit of a batch is the bus's own, when this resolves.
      if (settled < batch.records.length) await batch.commit?.(settled)
    }

    for (const [index, record] of batch.records.entries()) {
      const prepared = prepare(record, reader)
      if (prepared.kind === 'empty') {
        book.settled(emptySettlement(record))
        continue
      }
      if (prepared.kind === 'undecodable') {
        await flush(index)
        isReleasable = false
        await deadLetters.undecodable(record, prepared.error, signal)
        book.settled(undecodableSettlement(record))
        continue
      }
      const { delivery, size } = prepared
      const isInWindow = state.isInWindow(delivery, size)
      // Its number came long ago: the storage may have it, and would refuse a whole body for it.
      let isAlone = isInWindow || book.isSeen(record)
      let isAdded = !isKnown(delivery) && !(isAlone && body.deliveries.length > 0) && body.add(delivery, size)
      if (!isAdded && !isKnown(delivery)) {
        await flush(index)
        isAlone = isInWindow || book.isSeen(record)
        isAdded = !isKnown(delivery) && body.add(delivery, size)
      }
      if (isAdded) {
        book.inBody(record, delivery)
      } else {
        book.settled(repeatSettlement(record, delivery))
        repeat(delivery)
      }
      if (isAdded && isAlone) {
        maybeStored.mark([delivery])
        await flush(index + 1)
      }
    }
    await flush(batch.records.length)
    messages.inc({ storage, topic }, batch.records.length)
    if (isReleasable) batch.release?.()
  }
}

type PartitionState = {
  readonly recent: ReturnType<typeof createRecentNumbers>
  /** Is the next message among those that may have been written and not committed before we came? */
  readonly isInWindow: (delivery: Delivery, size: BodySize) => boolean
}

/**
 * One body is in flight per partition and committed before the next: whoever had it before us left at most that one. So the
 * window is the body that the same rules make from the committed offset on, and ends with the first message that they keep out
 * or that came after we took the partition over.
 */
function stateOf(partitions: Map<number, PartitionState>, batch: PartitionBatch, newBody: () => Body): PartitionState {
  const known = partitions.get(batch.partition)
  if (known !== undefined && !batch.takeover) return known
  const window = newBody()
  // A bus that commits whole batches may have been left with a whole batch.
  let atLeast = batch.takeover && batch.commit === undefined ? batch.records.length : 0
  let isOpen = batch.takeover
  const { repeatsBefore } = batch
  const cameLater = ({ origin }: Delivery): boolean => repeatsBefore !== undefined && origin !== undefined && origin.offset >= repeatsBefore
  const state: PartitionState = {
    recent: createRecentNumbers(),
    isInWindow: (delivery, size) => {
      isOpen = isOpen && !cameLater(delivery) && (window.add(delivery, size) || atLeast > 0)
      atLeast--
      return isOpen
    },
  }
  partitions.set(batch.partition, state)
  return state
}

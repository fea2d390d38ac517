import { createLedger } from '@clymene/ledger'
import {
  RetryableError,
  type BatchHandler,
  type Bus,
  type Delivery,
  type Envelope,
  type LedgerStore,
  type PartitionBatch,
  type Sink,
} from '@clymene/model'
import { silentLogger, type Metrics } from '@clymene/runtime'
import { createBatchHandler } from '@clymene/storages'

import { TOPIC, type Broker } from './broker.ts'
import type { Chance } from './chance.ts'
import type { Clock, Owner } from './clock.ts'
import { runConsumer } from './consumer.ts'
import { WRITE_FAULTS, type Faults, type ProduceFault } from './faults.ts'
import { isOverwritten } from './lent-values.ts'
import type { Store } from './store.ts'
import { createWire, type Wire } from './wire.ts'

/** A mistake put in on purpose, to show that it is found. */
export type Mutation = (handle: BatchHandler) => BatchHandler

export type IngesterOptions = {
  readonly id: string
  readonly clock: Clock
  readonly chance: Chance
  readonly broker: Broker
  readonly store: Store
  readonly faults: Faults
  /** The books as they were saved last. */
  readonly states: Map<string, Buffer>
  readonly metrics: Metrics
  readonly maxBodyRecords: number
  readonly mutate: Mutation
  /** A body reaches the store now. @throws what the store says */
  readonly onWrite: (id: string, deliveries: readonly Delivery[]) => void
  readonly onDeadLetters: (letters: readonly Envelope[]) => void
  /** The answer to these does not tell whether they are stored. */
  readonly onDoubt: (deliveries: readonly Delivery[]) => void
  readonly onTakeover: (batch: PartitionBatch) => void
  /** A book is saved. */
  readonly onSave: (name: string, state: Buffer) => void
  readonly onFailure: (error: unknown) => void
}

/** One process: the real delivery and the real assignment of partitions between a broker and a store that are not. */
export type Ingester = {
  readonly id: string
  readonly isAlive: () => boolean
  readonly kill: () => void
  /** As SIGSTOP and SIGCONT do. */
  readonly freeze: (forMs: number) => void
  /** No way to the brokers; the store is still there. */
  readonly cut: (forMs: number) => void
  /** As SIGTERM does. */
  readonly stop: () => void
}

const CLIENT_TIMEOUT_MS = 15_000

export function startIngester(options: IngesterOptions): Ingester {
  const { id, clock, chance, broker, store, faults, mutate } = options
  const owner: Owner = { state: 'running', held: [] }
  const stopping = new AbortController()
  const toBrokers = createWire(clock, chance, owner)
  const toStore = createWire(clock, chance, owner)

  const sink: Sink = { write: (deliveries, signal) => untilAborted(write(deliveries), signal) }
  const write = async (deliveries: readonly Delivery[]): Promise<void> => {
    const fault = faults.nextWrite()
    const take = (): void => {
      if (deliveries.some(isOverwritten)) options.onFailure(new Error('a body came out of memory that was used again'))
      options.onWrite(id, deliveries)
    }
    if (fault === undefined) return toStore.ask(take)
    const { lands, error, delayMs = 0, leavesDoubt = false } = WRITE_FAULTS[fault]
    if (leavesDoubt) options.onDoubt(deliveries)
    if (lands) clock.after(chance.between(0, delayMs), () => swallow(take), 'nobody')
    return toStore.ask(() => undefined).then(() => answerOf(clock, owner, fault === 'hangs' ? CLIENT_TIMEOUT_MS : 0, error))
  }

  const bus: Pick<Bus, 'produce'> = {
    produce: (_topic, letters, signal) =>
      untilAborted(
        toBrokers.ask(() => {
          const fault: ProduceFault | undefined = faults.nextProduce()
          if (fault !== 'away') options.onDeadLetters(letters)
          if (fault !== undefined) throw new RetryableError('the bus did not answer')
        }),
        signal,
      ),
  }

  const run = async (): Promise<void> => {
    const ledger = createLedger({
      store: ledgerStoreOver(toBrokers, options),
      read: (_topic, partition, from, to) => readRange(toBrokers, broker, partition, { from: Number(from), to: Number(to) }),
      logger: silentLogger,
    })
    const handle = mutate(
      createBatchHandler({
        ledger,
        group: GROUP,
        bus,
        topic: TOPIC,
        kind: 'metrics',
        storage: 'simulated',
        sink,
        metrics: options.metrics,
        logger: silentLogger,
        limits: { maxBodyRecords: options.maxBodyRecords },
        storesParts: store.manner === 'cortex',
      }),
    )
    const seen: BatchHandler = (batch, signal) => {
      if (batch.takeover) options.onTakeover(batch)
      return handle(batch, signal)
    }
    const how = { fetchCount: chance.between(1, 12), batchWaitMs: chance.oneOf([0, 100]) }
    await runConsumer({ id, clock, wire: toBrokers, broker, handle: seen, ...how, onFailure: options.onFailure }, stopping.signal)
    await ledger.close()
    owner.state = 'dead'
  }
  // Also the timers that it starts with are its own.
  clock.as(owner, () => void run().catch(options.onFailure))

  return {
    id,
    isAlive: () => owner.state !== 'dead',
    kill: () => {
      owner.state = 'dead'
    },
    freeze: (forMs) => {
      clock.freeze(owner)
      clock.after(forMs, () => clock.thaw(owner), 'nobody')
    },
    cut: toBrokers.cut,
    stop: () => void clock.after(0, () => stopping.abort(new Error('SIGTERM')), owner),
  }
}

const GROUP = 'simulated'

const ledgerStoreOver = (wire: Wire, { states, onSave }: IngesterOptions): LedgerStore => ({
  load: (name) => wire.ask(() => states.get(name)),
  save: (name, state) =>
    wire.ask(() => {
      states.set(name, state)
      onSave(name, state)
    }),
  all: () => wire.ask(() => new Map(states)),
  close: () => Promise.resolve(),
})

async function* readRange(wire: Wire, broker: Broker, partition: number, { from, to }: { readonly from: number; readonly to: number }) {
  const records = await wire.ask(() => broker.range(partition, from, to))
  if (records.length > 0) yield records
}

const answerOf = (clock: Clock, owner: Owner, delayMs: number, error: () => Error): Promise<never> =>
  new Promise((_, reject) => clock.after(delayMs, () => reject(error()), owner))

function swallow(act: () => void): void {
  try {
    act()
  } catch {
    // Nobody hears the answer.
  }
}

/** What a client does: the request that is on its way arrives, its answer is of no interest any more. */
function untilAborted<T>(outcome: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

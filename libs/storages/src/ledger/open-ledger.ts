import {
  createLedger,
  decodeReplayState,
  isReplayState,
  replayAccountsOf,
  reportOf,
  type Ledger,
  type PartitionAccount,
  type ReplayAccount,
} from '@clymene/ledger'
import { errorMessage, type Bus, type FlagValues, type LedgerStore, type Logger } from '@clymene/model'
import { aborted, createOnceIn, type Metrics } from '@clymene/runtime'

import type { ledgerFlags } from './flags.ts'
import { createLedgerMetrics } from './ledger-metrics.ts'
import { watchStore } from './watched-store.ts'

export type OpenLedgerOptions = {
  readonly store: LedgerStore
  readonly bus: Pick<Bus, 'read' | 'lag'>
  readonly flags: FlagValues<typeof ledgerFlags>
  readonly metrics: Metrics
  readonly logger: Logger
}

/** The books of a service, and what its admin port tells of them. */
export type OpenLedger = {
  readonly ledger: Ledger
  /** All that is in the store, whoever has saved it, with the books of this process as they are now and the ends of the topics. */
  readonly report: (signal: AbortSignal) => Promise<Booked>
  /** Why books cannot be kept now; undefined while they can. */
  readonly trouble: () => string | undefined
  /** Saves what changed and closes the store. */
  readonly close: () => Promise<void>
}

export type Booked = { readonly books: readonly PartitionAccount[]; readonly replays: readonly ReplayAccount[] }

export function openLedger({ store: bare, bus, flags, metrics, logger }: OpenLedgerOptions): OpenLedger {
  const { store, trouble } = watchStore(bare)
  const { observer, watch } = createLedgerMetrics(metrics)
  const ledger = createLedger({
    store,
    read: bus.read,
    logger,
    observer,
    saveEveryMs: flags['ledger.save-interval'],
    maxAgents: flags['ledger.max-agents'],
  })
  watch(ledger)
  const onceAMinute = createOnceIn(60_000)
  const damaged = (name: string, error: unknown): void =>
    onceAMinute(name, () => logger.error('a saved book is damaged', { name, error: errorMessage(error) }))
  let running: Running | undefined

  const begin = (): Running => {
    const stop = new AbortController()
    const begun = { report: make(stop.signal), askers: 0, stop }
    const over = (): void => {
      if (running === begun) running = undefined
    }
    begun.report.then(over, over)
    return begun
  }

  const make = async (signal: AbortSignal): Promise<Booked> => {
    const states = await store.all(signal)
    const live = ledger.accounts()
    const books = reportOf(states, { live, onDamaged: damaged })
    const ends = await endsOf(books, bus, signal)
    return {
      books: books.map((book) => ({ ...book, ...ends(book) })),
      replays: [...states].flatMap(([name, state]) => (isReplayState(name) ? readReplays(name, state, damaged) : [])),
    }
  }

  return {
    ledger,
    trouble,
    report: async (signal) => {
      signal.throwIfAborted()
      // It is some work: who asks while another waits gets the same, also when the other goes away.
      const shared = (running ??= begin())
      shared.askers++
      try {
        return await Promise.race([shared.report, aborted(signal).then(() => Promise.reject(signal.reason))])
      } finally {
        shared.askers--
        if (shared.askers === 0) {
          if (running === shared) running = undefined
          shared.stop.abort(new Error('nobody waits for the report any more'))
        }
      }
    },
    close: async () => {
      await ledger.close()
      await store.close()
    },
  }
}

/** A report that is being made, and how many wait for it. */
type Running = { readonly report: Promise<Booked>; askers: number; readonly stop: AbortController }

/** A topic that cannot be asked has no end in the report. */
async function endsOf(books: readonly PartitionAccount[], { lag }: Pick<Bus, 'lag'>, signal: AbortSignal) {
  const groups = new Map(books.map(({ topic, group }) => [topic, group]))
  const ends = new Map<string, bigint>()
  const nameOf = (topic: string, partition: number): string => `${partition} ${topic}`
  await Promise.all(
    Array.from(groups, async ([topic, group]) => {
      const partitions = await lag(topic, group, signal).catch(() => [])
      for (const { partition, end } of partitions) ends.set(nameOf(topic, partition), end)
    }),
  )
  return ({ topic, partition }: PartitionAccount): { readonly end?: string } => {
    const end = ends.get(nameOf(topic, partition))
    return end === undefined ? {} : { end: String(end) }
  }
}

function readReplays(name: string, state: Buffer, damaged: (name: string, error: unknown) => void): readonly ReplayAccount[] {
  try {
    return replayAccountsOf(decodeReplayState(state))
  } catch (error) {
    damaged(name, error)
    return []
  }
}

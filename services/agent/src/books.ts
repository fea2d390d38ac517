import { join } from 'node:path'

import { createDirectoryLedgerStore, type Ledger, type SenderAccount } from '@clymene/ledger'
import type { Bus, Kind, Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { openLedger } from '@clymene/storages'

import { bufferedAccounts, directAccount } from './accounts.ts'
import type { Identity } from './outlet.ts'
import { openSentAccount, type SentAccount } from './sent-account.ts'

export type AgentBooksOptions = {
  /** That of the buffer. */
  readonly directory: string
  readonly buffer: Pick<Bus, 'read' | 'lag'>
  /** Topic of the buffer that samples wait in. */
  readonly topic: string
  readonly identity: Identity
  /** Of the numbers that are given now. */
  readonly epoch: number
  /** Storages that read the buffer, by the names of their groups, and those that lines go straight to. */
  readonly buffered: readonly string[]
  readonly direct: readonly string[]
  readonly metrics: Metrics
  readonly logger: Logger
}

/** What the agent knows of its own messages. It outlives the process, however that ends. */
export type AgentBooks = {
  /** Of what is delivered from the buffer. */
  readonly ledger: Ledger
  /** Numbers that the buffer did not take. */
  readonly refused: SentAccount
  /** Numbers of lines on their way to a storage. */
  readonly direct: ReadonlyMap<string, SentAccount>
  readonly accounts: (signal: AbortSignal) => Promise<readonly SenderAccount[]>
  readonly close: () => Promise<void>
}

/** It is alone in its buffer; a name for each that it was given before. */
const LIMITS = { 'ledger.save-interval': 10_000, 'ledger.max-agents': 100 }

const BUFFERED: Kind = 'metrics'
const DIRECT: Kind = 'logs'

/**
 *     <directory>/ledger                  the books of the buffer
 *     <directory>/accounts/<way>.json     what was given a number, by its way (sent-account.ts)
 */
export function openAgentBooks(options: AgentBooksOptions): AgentBooks {
  const { directory, buffer, topic, identity, epoch, metrics, logger } = options
  const store = createDirectoryLedgerStore(join(directory, 'ledger'))
  const { ledger, report, close } = openLedger({ store, bus: buffer, flags: LIMITS, metrics, logger })
  const open = (way: string): SentAccount => openSentAccount({ path: join(directory, 'accounts', `${way}.json`), epoch, logger })
  const refused = open(`${BUFFERED}-buffer`)
  const direct = new Map(options.direct.map((storage) => [storage, open(`${DIRECT}-${storage}`)]))
  return {
    ledger,
    refused,
    direct,
    accounts: async (signal) => {
      // The lag first: what is put in meanwhile is then in neither.
      const lags = await Promise.all(options.buffered.map((storage) => buffer.lag(topic, storage, signal)))
      const { books } = await report(signal)
      return [
        ...options.buffered.flatMap((storage, index) =>
          bufferedAccounts(identity, {
            kind: BUFFERED,
            storage,
            books: books.filter((book) => book.group === storage && book.topic === topic),
            lags: lags[index] ?? [],
            refused: refused.counts().dropped,
            epoch,
          }),
        ),
        ...Array.from(direct, ([storage, account]) => directAccount(identity, DIRECT, storage, account.counts())),
      ]
    },
    close: async () => {
      await close()
      refused.close()
      for (const account of direct.values()) account.close()
    },
  }
}

import { join } from 'node:path'

import { createDirectoryLedgerStore, type Ledger, type SenderAccount } from '@clymene/ledger'
import { KINDS, type Bus, type Kind, type Logger } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { openLedger } from '@clymene/storages'

import { bufferedAccounts, directAccount, joinedAccounts } from './accounts.ts'
import type { Identity } from './outlet.ts'
import { openSentAccount, type SentAccount } from './sent-account.ts'

export type AgentBooksOptions = {
  /** That of the buffer. */
  readonly directory: string
  readonly buffer: Pick<Bus, 'read' | 'lag'>
  /** Topics of the buffer. */
  readonly topics: Readonly<Record<Kind, string>>
  readonly identity: Identity
  /** Of the numbers that are given now. */
  readonly epoch: number
  /** Storages that read the buffer, by the names of their groups, and those that lines of files go straight to. */
  readonly buffered: Readonly<Record<Kind, readonly string[]>>
  readonly direct: readonly string[]
  readonly metrics: Metrics
  readonly logger: Logger
}

/** What the agent knows of its own messages. It outlives the process, however that ends. */
export type AgentBooks = {
  /** Of what is delivered from the buffer. */
  readonly ledger: Ledger
  /** Numbers that the buffer did not take. */
  readonly refused: Readonly<Record<Kind, SentAccount>>
  /** Numbers of lines on their way to a storage. */
  readonly direct: ReadonlyMap<string, SentAccount>
  readonly accounts: (signal: AbortSignal) => Promise<readonly SenderAccount[]>
  readonly close: () => Promise<void>
}

/** It is alone in its buffer; a name for each that it was given before. */
const LIMITS = { 'ledger.save-interval': 10_000, 'ledger.max-agents': 100 }

/** What has files to be read again from. */
const DIRECT: Kind = 'logs'

/**
 *     <directory>/ledger                  the books of the buffer
 *     <directory>/accounts/<way>.json     what was given a number, by its way (sent-account.ts)
 */
export function openAgentBooks(options: AgentBooksOptions): AgentBooks {
  const { directory, buffer, topics, buffered, identity, epoch, metrics, logger } = options
  const store = createDirectoryLedgerStore(join(directory, 'ledger'))
  const { ledger, report, close } = openLedger({ store, bus: buffer, flags: LIMITS, metrics, logger })
  const open = (way: string): SentAccount => openSentAccount({ path: join(directory, 'accounts', `${way}.json`), epoch, logger })
  const refused = { metrics: open('metrics-buffer'), logs: open('logs-buffer') }
  const direct = new Map(options.direct.map((storage) => [storage, open(`${DIRECT}-${storage}`)]))
  return {
    ledger,
    refused,
    direct,
    accounts: async (signal) => {
      // The lag first: what is put in meanwhile is then in neither.
      const ways = KINDS.flatMap((kind) => buffered[kind].map((storage) => ({ kind, storage, topic: topics[kind] })))
      const lags = await Promise.all(ways.map(({ topic, storage }) => buffer.lag(topic, storage, signal)))
      const { books } = await report(signal)
      const waiting = ways.flatMap(({ kind, storage, topic }, index) =>
        bufferedAccounts(identity, {
          kind,
          storage,
          books: books.filter((book) => book.group === storage && book.topic === topic),
          lags: lags[index] ?? [],
          refused: refused[kind].counts().dropped,
          epoch,
        }),
      )
      const read = Array.from(direct, ([storage, account]) => directAccount(identity, DIRECT, storage, account.counts()))
      // Most agents have nothing that gives lines and cannot be read again.
      return joinedAccounts([...waiting.filter(({ kind, sent }) => kind === 'metrics' || sent > 0), ...read])
    },
    close: async () => {
      await close()
      for (const account of Object.values(refused)) account.close()
      for (const account of direct.values()) account.close()
    },
  }
}

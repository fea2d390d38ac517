import type { SenderAccount } from '@clymene/ledger'
import type { EnvelopeHeaders, Kind } from '@clymene/model'

/**
 * What came of a message: the bus or all storages have it; it was refused and is not there; or nobody knows, and the sender was told
 * to come again.
 */
export type SendOutcome = 'acknowledged' | 'dropped' | 'unanswered'

/** What became of the messages that this gateway numbered, for senders that do not number. */
export type Accounts = {
  /** A message got this number and goes on its way. What is returned is told, once, what came of it. */
  readonly begin: (kind: Kind, number: EnvelopeHeaders) => (outcome: SendOutcome) => void
  readonly report: () => readonly SenderAccount[]
}

export type AccountsOptions = {
  /** Names of the storages that messages of a kind go to. */
  readonly to: (kind: Kind) => string
  /** Clusters that have an account of their own; those that come later share one without a name. */
  readonly maxClusters?: number
}

/** As many as senders whose numbers are remembered: an account is a few numbers. */
const MAX_CLUSTERS = 20_000

type Account = Pick<SenderAccount, 'kind' | 'cluster' | 'agent' | 'epoch'> & Record<SendOutcome, number> & { buffered: number }

/** Kept in memory: who starts again has another name, and its senders come again with what was on its way. */
export function createAccounts({ to, maxClusters = MAX_CLUSTERS }: AccountsOptions): Accounts {
  const accounts = new Map<string, Account>()
  const accountOf = (kind: Kind, { cluster = '', agent = '', epoch = 0 }: EnvelopeHeaders): Account => {
    const known = accounts.get(`${kind} ${cluster}`)
    if (known !== undefined) return known
    const isRoom = accounts.size < maxClusters
    const name = isRoom ? cluster : ''
    const account = accounts.get(`${kind} ${name}`) ?? {
      kind,
      cluster: name,
      agent,
      epoch,
      buffered: 0,
      acknowledged: 0,
      dropped: 0,
      unanswered: 0,
    }
    accounts.set(`${kind} ${name}`, account)
    return account
  }
  return {
    begin: (kind, number) => {
      const account = accountOf(kind, number)
      account.buffered++
      return (outcome) => {
        account.buffered--
        account[outcome]++
      }
    },
    report: () =>
      Array.from(accounts.values(), (account) => {
        const { kind, buffered, acknowledged, dropped, unanswered } = account
        return { ...account, to: to(kind), sent: buffered + acknowledged + dropped + unanswered }
      }),
  }
}

import type { Gap, Ledger, LedgerObserver } from '@clymene/ledger'
import type { Metrics } from '@clymene/runtime'

/** Metrics of the books: what is counted as it happens, and with {@link LedgerMetrics.watch} what is looked up when it is asked for. */
export type LedgerMetrics = { readonly observer: LedgerObserver; readonly watch: (ledger: Ledger) => void }

const CLUSTERS = 1000
const OTHER = 'other'

/** Of every component the same names. */
export function createLedgerMetrics(metrics: Metrics): LedgerMetrics {
  const messages = metrics.counter(
    'clymene_ledger_messages_total',
    'Messages that were booked, by what came of them: stored, repeatedInBus (came into the bus twice), repeatedInStorage (only written twice), deadLetter, expired (deleted by retention before they were read), unattributed (nothing is known of these offsets)',
    ['storage', 'topic', 'outcome'],
  )
  const failures = metrics.counter('clymene_ledger_save_failures_total', 'Books that could not be saved; they are tried again', [
    'storage',
    'topic',
  ])
  const unsafe = metrics.counter(
    'clymene_ledger_unsafe_messages_total',
    'Messages that were committed before their outcome was safe in the ledger; when the process ended before it was, dead letters among them are booked as stored',
    ['storage', 'topic'],
  )
  const seconds = metrics.histogram('clymene_ledger_save_seconds', 'Duration of saving one book', ['storage', 'topic'])
  const bytes = metrics.counter('clymene_ledger_saved_bytes_total', 'Bytes of books that were saved', ['storage', 'topic'])
  return {
    observer: {
      booked: ({ storage, topic }, outcome, count) => messages.inc({ storage, topic, outcome }, count),
      saved: ({ storage, topic }, saving) => {
        seconds.observe({ storage, topic }, saving.seconds)
        bytes.inc({ storage, topic }, saving.bytes)
      },
      saveFailed: ({ storage, topic }) => failures.inc({ storage, topic }),
      unsafe: ({ storage, topic }, count) => unsafe.inc({ storage, topic }, count),
    },
    watch: (ledger) => {
      watchGaps(metrics, ledger)
      metrics.gauge('clymene_ledger_agents', 'Agents that the books of this process tell apart', [], (gauge) => gauge.set(ledger.agents()))
      metrics.gauge(
        'clymene_ledger_forgotten_names',
        'Agents, clusters and streams that made room for others since the start; the counts of an agent go on under no name',
        [],
        (gauge) => gauge.set(ledger.forgotten()),
      )
    },
  }
}

function watchGaps(metrics: Metrics, ledger: Ledger): void {
  const set =
    (count: (gap: Gap) => number) =>
    (gauge: { reset: () => void; inc: (labels: { kind: string; cluster: string }, value: number) => void }): void => {
      gauge.reset()
      for (const [index, gap] of ledger.gaps().entries())
        gauge.inc({ kind: gap.kind, cluster: index < CLUSTERS ? gap.cluster : OTHER }, count(gap))
    }
  metrics.gauge(
    'clymene_ledger_missing_sequences',
    'Numbers that senders gave to messages that did not come, between those that did, of the partitions that this process reads and since their books began: also what a sender gave up, so look at its growth; clusters beyond the first thousand are cluster="other"',
    ['kind', 'cluster'],
    set(({ missing }) => missing),
  )
  metrics.gauge(
    'clymene_ledger_jumped_sequences',
    'Numbers between the last of one start of a sender and the first of the next, since the books began: reserved and not used, or lost in a crash of the sender',
    ['kind', 'cluster'],
    set(({ jumped }) => jumped),
  )
}

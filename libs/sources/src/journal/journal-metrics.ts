import type { Metrics } from '@clymene/runtime'

export type JournalMetrics = ReturnType<typeof createJournalMetrics>

export function createJournalMetrics(metrics: Metrics) {
  const readMs = new Map<string, number>()
  metrics.gauge(
    'clymene_agent_journal_newest_timestamp_seconds',
    'Time of the entry of the journal that was read last, by job',
    ['job'],
    (gauge) => {
      gauge.reset()
      for (const [job, atMs] of readMs) gauge.set({ job }, atMs / 1000)
    },
  )
  return {
    read: (job: string, realtimeUs: bigint): void => void readMs.set(job, Number(realtimeUs) / 1000),
    /** A job that is not read any more. */
    closed: (job: string): void => void readMs.delete(job),
    entries: metrics.counter('clymene_agent_journal_entries_total', 'Entries read from the journal', ['job']),
    leftOut: metrics.counter(
      'clymene_agent_journal_left_out_entries_total',
      'Entries of the journal that were not sent: of this program itself, without a message or a label, dropped by relabelling, larger than the limit, or unreadable',
      ['job', 'reason'],
    ),
    cutLines: metrics.counter('clymene_agent_journal_long_lines_total', 'Lines of the journal that were longer than the limit', ['job']),
    lostCursors: metrics.counter(
      'clymene_agent_journal_lost_cursors_total',
      'Times the entry to go on from was not in the journal any more, so that entries may be missing',
      ['job'],
    ),
    restarts: metrics.counter('clymene_agent_journal_restarts_total', 'Times journalctl ended and was started again', ['job']),
    refused: metrics.counter('clymene_agent_journal_refused_entries_total', 'Entries of the journal that the buffer refused for good', [
      'job',
    ]),
    cursorErrors: metrics.counter('clymene_agent_journal_cursor_errors_total', 'Times a cursor could not be written'),
  }
}

import type { Metrics } from '@clymene/runtime'

export type FileMetrics = ReturnType<typeof createFileMetrics>

/** @param state read whenever the metrics are. */
export function createFileMetrics(metrics: Metrics, state: { readonly active: () => number; readonly oldestUnreadSeconds: () => number }) {
  metrics.gauge('clymene_agent_file_files_active', 'Files that are open', [], (gauge) => gauge.set(state.active()))
  metrics.gauge(
    'clymene_agent_file_oldest_unread_seconds',
    'How long the file that is furthest behind has had lines that were not handed over',
    [],
    (gauge) => gauge.set(state.oldestUnreadSeconds()),
  )
  return {
    readBytes: metrics.counter('clymene_agent_file_read_bytes_total', 'Bytes of lines read from files'),
    readLines: metrics.counter('clymene_agent_file_read_lines_total', 'Lines read from files'),
    truncatedLines: metrics.counter('clymene_agent_file_truncated_lines_total', 'Lines that were longer than the limit and were cut'),
    rotations: metrics.counter('clymene_agent_file_rotations_total', 'Files that were replaced by another of the same path'),
    truncations: metrics.counter('clymene_agent_file_truncations_total', 'Files that were cut to a shorter length, as copytruncate does'),
    errors: metrics.counter('clymene_agent_file_errors_total', 'Files that could not be opened or read'),
    positionErrors: metrics.counter('clymene_agent_file_positions_errors_total', 'Times the positions file could not be written'),
  }
}

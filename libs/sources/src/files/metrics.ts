import type { Metrics } from '@clymene/runtime'

export type FileMetrics = ReturnType<typeof createFileMetrics>

/** What a running source says of itself when metrics are read. */
export type FileState = {
  readonly open: () => number
  readonly followed: () => number
  /** How long each path that has lines that were not handed over has had them. */
  readonly behind: () => Iterable<FileLag>
}
export type FileLag = { readonly job: string; readonly filename: string; readonly seconds: number }

/** Of the files that lag so many are named: names of files come and go without end. */
const NAMED_FILES = 50

/** Sources that read these metrics: one for each configuration and storage, others after a reload. */
const running = new WeakMap<Metrics, Set<FileState>>()

/** Adds a source to what the gauges tell, until the function that it gives is called. */
export function showState(metrics: Metrics, state: FileState): () => void {
  const states = running.get(metrics) ?? new Set()
  running.set(metrics, states)
  states.add(state)
  return () => void states.delete(state)
}

export function createFileMetrics(metrics: Metrics) {
  const states = (): readonly FileState[] => [...(running.get(metrics) ?? [])]
  metrics.gauge('clymene_agent_file_files_active', 'Files that are followed', [], (gauge) =>
    gauge.set(sum(states(), (state) => state.followed())),
  )
  metrics.gauge(
    'clymene_agent_file_descriptors_open',
    'Descriptors that files take; quiet ones give theirs back when there are too many',
    [],
    (gauge) => gauge.set(sum(states(), (state) => state.open())),
  )
  metrics.gauge(
    'clymene_agent_file_oldest_unread_seconds',
    'How long the file that is furthest behind has had lines that were not handed over',
    [],
    (gauge) => gauge.set(Math.max(0, ...lagsOf(states(), 1).map(({ seconds }) => seconds))),
  )
  metrics.gauge(
    'clymene_agent_file_stream_lag_seconds',
    'How long a file has had lines that were not handed over, of the 50 files that are furthest behind',
    ['job', 'filename'],
    (gauge) => {
      gauge.reset()
      for (const { job, filename, seconds } of lagsOf(states(), NAMED_FILES)) gauge.set({ job, filename }, seconds)
    },
  )
  return {
    readBytes: metrics.counter('clymene_agent_file_read_bytes_total', 'Bytes of lines read from files'),
    readLines: metrics.counter('clymene_agent_file_read_lines_total', 'Lines read from files'),
    truncatedLines: metrics.counter('clymene_agent_file_truncated_lines_total', 'Lines that were longer than the limit and were cut'),
    splitLines: metrics.counter(
      'clymene_agent_file_split_lines_total',
      'Lines that were longer than the limit and went on as further lines',
    ),
    nulBytes: metrics.counter(
      'clymene_agent_file_nul_bytes_total',
      'NUL bytes at the beginning of a line that were passed over, as stand in a file that was cut before a writer that does not append',
    ),
    rotations: metrics.counter('clymene_agent_file_rotations_total', 'Files that were replaced by another of the same path'),
    truncations: metrics.counter('clymene_agent_file_truncations_total', 'Files that were cut to a shorter length, as copytruncate does'),
    lostBytes: metrics.counter(
      'clymene_agent_file_lost_bytes_total',
      'Bytes that were known to be there and could not be read: of files that were cut, deleted or compressed before',
    ),
    rateDroppedLines: metrics.counter(
      'clymene_agent_file_rate_dropped_lines_total',
      'Lines that were passed over because of readline_rate',
    ),
    errors: metrics.counter('clymene_agent_file_errors_total', 'Files that could not be opened or read'),
    cutSearches: metrics.counter(
      'clymene_agent_file_cut_searches_total',
      'Searches for files that ended at the limit of entries of folders, so that files may be left out',
    ),
    positionErrors: metrics.counter('clymene_agent_file_positions_errors_total', 'Times the positions file could not be written'),
  }
}

const sum = (states: readonly FileState[], of: (state: FileState) => number): number =>
  states.reduce((total, state) => total + of(state), 0)

/** The longest of each file, over the storages that read it, the longest first. */
function lagsOf(states: readonly FileState[], most: number): readonly FileLag[] {
  const longest = new Map<string, FileLag>()
  for (const lag of states.flatMap((state) => [...state.behind()])) {
    const key = `${lag.job}\n${lag.filename}`
    if (lag.seconds > (longest.get(key)?.seconds ?? -1)) longest.set(key, lag)
  }
  return [...longest.values()].toSorted((a, b) => b.seconds - a.seconds).slice(0, most)
}

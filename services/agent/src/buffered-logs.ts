import { join } from 'node:path'
import { Readable } from 'node:stream'

import { sortedLabels, type Logger, type Source } from '@clymene/model'
import { aborted, type Metrics } from '@clymene/runtime'
import { createJournalSource, createLineInput, createStdinSource, type LineInput, LOKI_LABEL_LIMITS } from '@clymene/sources'

import { withCluster } from './config/external-labels.ts'
import type { LogConfig } from './config/log-config.ts'
import type { JournalCursors } from './journal-cursors.ts'
import type { LogSetup } from './log-source.ts'
import { createReplaceableSource } from './replaceable-source.ts'
import { together } from './together.ts'

export type BufferedLogsOptions = LogSetup & {
  /** Where cursors of the journal are kept. */
  readonly folder: string
  /** False: cursors stay where they are. Default true. */
  readonly movesCursors?: boolean
  readonly cursors?: JournalCursors
  readonly logger: Logger
  readonly metrics: Metrics
}

export type BufferedLogs = Source & {
  /** Takes the configurations, one for one; jobs are begun anew only when one of them changed. */
  readonly reload: (next: readonly LogConfig[]) => void
}

/** The longest line where nothing says it: as of files. */
const MAX_LINE_BYTES = 256 * 1024

/**
 * What log configurations read beside files, and what cannot be read again once it is read: the journal and standard input. It ends when there is
 * nothing but standard input and that has ended.
 */
export function createBufferedLogs(options: BufferedLogsOptions): BufferedLogs {
  const { stdin = process.stdin } = options
  let { logConfigs } = options
  let input: LineInput | undefined
  const inputOf = (maxLineBytes: number): LineInput => (input ??= createLineInput(stdin, maxLineBytes))
  const source = createReplaceableSource((): Source => {
    const parts = logConfigs.map((config, index) => partOf(options, config, index, inputOf))
    return {
      run: (emit, signal) =>
        together(
          parts.map((part) => (end: AbortSignal) => part.run(emit, end)),
          signal,
        ),
    }
  })
  return {
    run: async (emit, signal) => {
      try {
        await source.run(emit, signal)
      } finally {
        // Reading it would keep the process.
        if (input !== undefined && stdin instanceof Readable) stdin.destroy()
      }
    },
    reload: (next) => {
      const isSame = fingerprintOf(next) === fingerprintOf(logConfigs)
      logConfigs = next
      if (!isSame) source.replace()
    },
  }
}

/** Waits for a reload when there is nothing to read. */
const IDLE: Source = { run: (_emit, signal) => aborted(signal) }

function partOf(options: BufferedLogsOptions, config: LogConfig, index: number, inputOf: (maxLineBytes: number) => LineInput): Source {
  const { logLabels, cluster, logBatch: batch, folder, movesCursors = true, journalctl = 'journalctl', logger, metrics } = options
  const { journalJobs: jobs, stdinJob, positionsPath } = config
  const reading = { ...options.reading, ...config.reading }
  const { maxLineBytes = MAX_LINE_BYTES, longLines = 'truncate', labelLimits = LOKI_LABEL_LIMITS, inspect, stageMetrics } = reading
  const common = {
    externalLabels: withCluster(sortedLabels(logLabels), cluster),
    batch,
    labelLimits,
    maxLineBytes,
    longLines,
    ...(inspect === undefined ? {} : { inspect }),
    ...(stageMetrics === undefined ? {} : { stageMetrics }),
    logger,
    metrics,
  }
  if (stdinJob !== undefined) return createStdinSource({ ...common, job: stdinJob, input: inputOf(maxLineBytes) })
  if (jobs.length === 0) return IDLE
  return createJournalSource({
    ...common,
    jobs,
    program: journalctl,
    cursorFolder: index === 0 ? folder : join(folder, String(index)),
    formerPositionsPath: positionsPath,
    movesCursor: movesCursors,
    onCursor: (job, cursor) => options.cursors?.note(positionsPath, job, cursor),
    stream: `journal.${index}`,
  })
}

const fingerprintOf = (configs: readonly LogConfig[]): string =>
  JSON.stringify(
    configs.map(({ journalJobs, stdinJob, reading }) => [
      journalJobs.map(({ fingerprint }) => fingerprint),
      stdinJob?.fingerprint,
      reading,
    ]),
  )

import { isDeepStrictEqual } from 'node:util'

import { sortedLabels, type Emit, type Labels, type Logger, type Source } from '@clymene/model'
import type { Metrics } from '@clymene/runtime'
import { createFileSource, type FileSource, type FileSourceOptions, positionsOfReader } from '@clymene/sources'
import { storages } from '@clymene/storages'

import { withCluster } from './config/external-labels.ts'
import type { LogConfig } from './config/log-config.ts'
import type { JournalCursors } from './journal-cursors.ts'
import type { NotePositions } from './slowest-of-each.ts'
import { together } from './together.ts'

/** What is read, how it is labelled, and how much of it goes in one batch. */
export type LogSetup = {
  readonly logConfigs: readonly LogConfig[]
  /** Labels of every line that does not have them. */
  readonly logLabels: Labels
  /** How files are read where a configuration says nothing; what is left out is as the file source has it. */
  readonly reading?: Pick<
    FileSourceOptions,
    | 'maxLineBytes'
    | 'longLines'
    | 'labelLimits'
    | 'from'
    | 'maxFiles'
    | 'maxOpenFiles'
    | 'maxSearchEntries'
    | 'inspect'
    | 'stageMetrics'
    | 'countsLines'
  >
  readonly logBatch: { readonly bytes: number; readonly waitMs: number }
  /** Value of `cluster` where nothing else sets one; '' sets none. */
  readonly cluster: string
  readonly streams: number
  /** Whose files these are: targets with another `__host__` are left to others. Default: the host name of this machine. */
  readonly hostName?: string
  /** Whatever is below them is not read: the agent, or what runs with it, keeps it there. Default none. */
  readonly ownFolders?: readonly string[]
  /** Name or path of journalctl, for jobs that read the journal. Default: as PATH has it. */
  readonly journalctl?: string
  /** What a configuration with standard input reads. Default: that of the process. */
  readonly stdin?: AsyncIterable<unknown>
}

export type LogSourceOptions = LogSetup & {
  /** Where a reader keeps the positions of a configuration. */
  readonly positionsPath: (config: LogConfig) => string
  /** The storage that lines are read for. */
  readonly reader?: string
  /** Of journals, for positions files to have, too. */
  readonly cursors?: JournalCursors
  /** With a reader for each storage: who is told where this one stands. Its positions begin as those of the configuration. */
  readonly oneOfSeveral?: { readonly reader: string; readonly note: NotePositions }
  readonly logger: Logger
  readonly metrics: Metrics
}

export type LogSource = Source &
  Pick<FileSource, 'files' | 'targets' | 'positionsTrouble'> & {
    /**
     * Takes the jobs of the configurations, one for one: those that did not change go on untouched. False, and nothing happens, when something else
     * is not as it was: then it takes a new source.
     */
    readonly reload: (next: readonly LogConfig[]) => boolean
  }

/** The files of all log configurations, as one source. */
export function createLogSource(options: LogSourceOptions): LogSource {
  const { logConfigs, logLabels, logBatch, reading, cluster, streams, hostName, positionsPath, oneOfSeveral, cursors, logger, metrics } =
    options
  const ownFiles = logConfigs.flatMap((config) => [
    config.positionsPath,
    ...storages.map(({ name }) => positionsPathFor(config, name, false)),
  ])
  const sources = logConfigs.map((config) =>
    createFileSource({
      jobs: config.jobs,
      positionsPath: positionsPath(config),
      ...(options.reader === undefined ? {} : { reader: options.reader }),
      ownFiles,
      ownFolders: options.ownFolders ?? [],
      ...(cursors === undefined ? {} : { cursors: () => cursors.of(config.positionsPath) }),
      ...(oneOfSeveral === undefined
        ? {}
        : {
            formerPositionsPath: config.positionsPath,
            onPositions: (positions) => oneOfSeveral.note(config.positionsPath, oneOfSeveral.reader, positions),
          }),
      externalLabels: withCluster(sortedLabels(logLabels), cluster),
      refreshMs: config.refreshMs,
      streams,
      batchBytes: logBatch.bytes,
      batchWaitMs: logBatch.waitMs,
      ...reading,
      ...config.reading,
      ...(hostName === undefined ? {} : { hostname: hostName }),
      logger,
      metrics,
    }),
  )
  return {
    files: () => sources.flatMap((source) => source.files()),
    targets: () => sources.flatMap((source) => source.targets()),
    positionsTrouble: () => firstOf(sources.map((source) => source.positionsTrouble)),
    reload: (next) => {
      if (!isDeepStrictEqual(next.map(apartFromJobs), logConfigs.map(apartFromJobs))) return false
      for (const [index, { jobs }] of next.entries()) sources[index]?.reload(jobs)
      return true
    },
    run: (emit, signal) =>
      together(
        // With standard input no file is read, and who waited for files would wait for ever.
        sources.flatMap((source, index) =>
          logConfigs[index]?.stdinJob === undefined ? [(end: AbortSignal) => source.run(ownStreams(emit, index), end)] : [],
        ),
        signal,
      ),
  }
}

const firstOf = (asked: readonly (() => string | undefined)[]): string | undefined =>
  asked.map((ask) => ask()).find((text) => text !== undefined)

/** What its source was made with, beside the jobs. */
const apartFromJobs = ({ positionsPath, refreshMs, reading }: LogConfig): unknown => ({ positionsPath, refreshMs, reading })

/** Each configuration has streams of its own: two readers that send the same one side by side would not keep its order. */
const ownStreams =
  (emit: Emit, index: number): Emit =>
  (batch, signal) =>
    emit(index === 0 ? batch : { ...batch, stream: `${index}.${batch.stream}` }, signal)

/** With several storages each has a reader of its own, and so positions of its own. */
export const positionsPathFor = ({ positionsPath }: LogConfig, storage: string, isOnlyStorage: boolean): string =>
  isOnlyStorage ? positionsPath : positionsOfReader(positionsPath, storage)

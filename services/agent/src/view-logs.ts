import type { LogConfig } from './config/log-config.ts'
import type { LogSource } from './log-source.ts'
import type { ReadLogs } from './pages/agent-view.ts'
import type { ReplaceableSource } from './replaceable-source.ts'

type Readers = ReadonlyMap<string, Pick<ReplaceableSource<LogSource>, 'current'>>

/** What is read for each storage, for the admin pages. All readers discover the same. */
export function viewLogs(configs: readonly LogConfig[], readers: Readers): ReadLogs {
  const running = (): readonly (readonly [storage: string, source: LogSource])[] =>
    [...readers].flatMap(([storage, reader]) => {
      const source = reader.current()
      return source === undefined ? [] : [[storage, source] as const]
    })
  return {
    jobs: configs.flatMap(({ jobs }) => jobs),
    otherJobs: configs.flatMap(({ journalJobs, stdinJob }) => [
      ...journalJobs.map(({ name }) => ({ name, reads: 'the journal' })),
      ...(stdinJob === undefined ? [] : [{ name: stdinJob.name, reads: 'standard input' }]),
    ]),
    texts: configs.flatMap(({ texts }) => texts),
    targets: () => running()[0]?.[1].targets() ?? [],
    files: () => running().flatMap(([storage, source]) => source.files().map((file) => ({ ...file, storage }))),
  }
}

/** Why positions could not be written the last time; undefined when all were. */
export const positionsTroubleOf = (readers: Readers): string | undefined =>
  [...readers.values()].map((reader) => reader.current()?.positionsTrouble()).find((trouble) => trouble !== undefined)

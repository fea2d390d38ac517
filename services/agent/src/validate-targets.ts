import type { Logger } from '@clymene/model'
import type { ScrapeSourceOptions } from '@clymene/sources'

import type { ScrapeConfig } from './config/scrape-config.ts'
import { discoverOnce } from './discover-once.ts'
import { linesOfJob, printedLine } from './dry-run-targets.ts'

/** Kinds of discovery that ask nobody: what they find is known at once. */
const LOCAL: ReadonlySet<string> = new Set(['static_configs', 'file_sd_configs'])
/** Files are read long before; one that is wrong says nothing by itself. */
const WAIT_MS = 2000

export type ValidateTargetsOptions = {
  readonly shard: NonNullable<ScrapeSourceOptions['shard']>
  /** What discoverers of these jobs log as an error is told as missing. */
  readonly failures: DiscoveryFailures
}

/**
 * Each job in a line, then its targets after relabelling as the dry run prints them, as far as they are known without asking anybody; of
 * other kinds of discovery a line `not-asked TAB job TAB kinds`.
 */
export async function validateTargets(
  { jobs, kinds, summary }: Pick<ScrapeConfig, 'jobs' | 'kinds' | 'summary'>,
  { shard, failures }: ValidateTargetsOptions,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const [index, job] of jobs.entries()) {
    const isLocal = (_item: unknown, at: number): boolean => LOCAL.has(kinds[index]?.[at] ?? '')
    const local = job.discoverers.filter(isLocal)
    const others = new Set(kinds[index]?.filter((kind) => !LOCAL.has(kind)))
    lines.push(summary[index] ?? '')
    // One after the other: a failure is of the job that is asked.
    const { found, missing } = await discoverOnce(local, WAIT_MS)
    const told = failures.take()
    if (local.length > 0 || others.size === 0)
      lines.push(...linesOfJob(job, { found, missing: told.length === 0 ? missing : told }, shard).map((line) => printedLine(job, line)))
    if (others.size > 0) lines.push(`not-asked\t${job.name}\t${[...others].join(', ')}: --dry-run does`)
  }
  return lines
}

/** A log of which only errors are kept, until somebody takes them. */
export type DiscoveryFailures = { readonly logger: Logger; readonly take: () => readonly string[] }

export function createDiscoveryFailures(): DiscoveryFailures {
  const failures = new Set<string>()
  const nothing = (): void => undefined
  const logger: Logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (message, fields) => void failures.add(typeof fields?.['error'] === 'string' ? fields['error'] : message),
    child: () => logger,
  }
  return {
    logger,
    take: () => {
      const taken = [...failures]
      failures.clear()
      return taken
    },
  }
}

import { ExitError, redactUrls } from '@clymene/runtime'
import { explainTarget, isOfShard, type ScrapeJob, type ScrapeSourceOptions } from '@clymene/sources'
import { formatStreamLabels } from '@clymene/wire'

import { discoverOnce, type DiscoveredOnce } from './discover-once.ts'
import { shownLabels, shownRule } from './pages/shown-labels.ts'

export type DryRunTargetsOptions = {
  readonly jobs: readonly ScrapeJob[]
  /** Which part of the targets is this agent's; absent: all. */
  readonly shard?: ScrapeSourceOptions['shard']
  /** How long discovery may take. */
  readonly waitMs: number
  /** What no job can be told of: rights that are missing, a line each. */
  readonly refusals?: () => readonly string[]
  /** Takes whole lines with their line ends. */
  readonly print: (text: string) => Promise<void>
}

/**
 * Prints what each job would scrape, a line each: `target TAB job TAB URL TAB labels` (`other-shard` when another agent scrapes it), `dropped TAB job TAB the rule TAB what was
 * discovered`, `refused` with the reason in place of the rule, `missing` for a discovery that told nothing, and `empty` for a job whose
 * discoveries have all spoken without a target. Ends when every discovery has spoken, or has had its time.
 *
 * @throws ExitError when something is missing or refused: somebody has to look.
 */
export async function dryRunTargets({ jobs, shard, waitMs, refusals, print }: DryRunTargetsOptions, signal: AbortSignal): Promise<void> {
  const found = await Promise.all(jobs.map(async (job) => ({ job, ...(await discoverOnce(job.discoverers, waitMs, signal)) })))
  if (signal.aborted) return
  const refusedRights = refusals?.() ?? []
  let [missing, refused] = [refusedRights.length, 0]
  for (const { job, ...discovered } of found) {
    const lines = linesOfJob(job, discovered, shard)
    missing += discovered.missing.length
    refused += lines.filter(([what]) => what === 'refused').length
    await print(lines.map((line) => `${printedLine(job, line)}\n`).join(''))
  }
  await print(refusedRights.map((reason) => `missing\t\t${reason}\n`).join(''))
  if (missing + refused > 0) throw new ExitError(`dry run: ${missing} discoveries are missing, ${refused} targets cannot be scraped`)
}

export const printedLine = ({ name }: ScrapeJob, [what, ...rest]: Line): string => [what, name, ...rest].join('\t')

export type Line = readonly ['target' | 'other-shard' | 'dropped' | 'refused' | 'missing' | 'empty', ...string[]]

/** What a job would scrape and what is left out, then what is missing or that there is nothing. */
export function linesOfJob(job: ScrapeJob, { found, missing }: DiscoveredOnce, shard: DryRunTargetsOptions['shard']): readonly Line[] {
  const lines: readonly Line[] = [...linesOf(job, found, shard), ...missing.map((reason) => ['missing', reason] as const)]
  return lines.length === 0 ? [['empty', 'every discovery has spoken, no targets']] : lines
}

/** Targets by URL, each once, then what is left out. */
function linesOf(
  job: ScrapeJob,
  discovered: readonly ReadonlyMap<string, string>[],
  shard: DryRunTargetsOptions['shard'],
): readonly Line[] {
  const targets = new Map<string, Line>()
  const others: Line[] = []
  for (const labels of discovered) {
    const { target, relabelling, discovered: before, reason = '' } = explainTarget(job, labels)
    const last = relabelling.at(-1)
    const shown = formatStreamLabels(shownLabels(before))
    if (target !== undefined) {
      const whose = shard === undefined || isOfShard(target.url, shard) ? 'target' : 'other-shard'
      const url = redactUrls(target.url.origin + target.url.path)
      targets.set(target.key, [whose, url, formatStreamLabels(shownLabels(target.labels))])
    } else if (last?.dropped === true) others.push(['dropped', `relabel_configs[${last.index}] ${shownRule(last.rule)}`, shown])
    else others.push(['refused', reason, shown])
  }
  return [...targets.values()].toSorted(([, a], [, b]) => (a === b ? 0 : (a ?? '') < (b ?? '') ? -1 : 1)).concat(others)
}

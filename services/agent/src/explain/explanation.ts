import type { Labels } from '@clymene/model'
import type { RelabelStep } from '@clymene/relabel'
import { redactUrls } from '@clymene/runtime'
import {
  explainSeries,
  explainTarget,
  formatPrometheusDuration,
  isOfShard,
  streamOf,
  type ScrapeJob,
  type ScrapeLimits,
  type ScrapeTarget,
  type TargetExplanation,
} from '@clymene/sources'

import { changesBetween } from '../pages/changes.ts'
import { shownLabels, shownRule, shownSeries, withoutSecrets } from '../pages/shown-labels.ts'
import { seriesLimits, seriesVerdict, targetVerdict, type Standing } from './standing.ts'

/** One thing that happens to a target or series. */
export type ExplainedStep = {
  /** The place in the configuration, `relabel_configs[2]`, or what happens: `discovered`, `target`, `exposed`, `external_labels`… */
  readonly stage: string
  readonly rule?: string
  readonly note?: string
  /** `+ a="x"`, `- b="y"`, `~ c="x" → "y"`. */
  readonly changes?: readonly string[]
  /** All labels after it, where they are new to the reader. */
  readonly labels?: Labels
  /** Here it ends. */
  readonly dropped?: true
}

export type Explanation = {
  readonly job: string
  /** Absent: the target is dropped. */
  readonly url?: string
  /** Whether the target is scraped, the last time with success; with a series, whether it is sent or would be. */
  readonly passes: boolean
  /** In one line, with the rule that drops it. */
  readonly verdict: string
  readonly steps: readonly ExplainedStep[]
}

/** A discovered target, and how it fares where an agent scrapes it. */
export type Candidate = Standing & {
  readonly job: ScrapeJob
  readonly externalLabels: Labels
  readonly found: ReadonlyMap<string, string>
  /** An agent has dropped it: it has no labels but those found. */
  readonly isDropped?: boolean
}

export type ExplainOptions = {
  /** As the target exposes it, `__name__` among them. */
  readonly series?: ReadonlyMap<string, string> | undefined
  readonly streams: number
  /** Over how many agents targets are divided. */
  readonly shards: number
}

/** Every step that a target, and a series of it, takes; without what is secret. */
export function explain(candidate: Candidate, { series, streams, shards }: ExplainOptions): Explanation {
  const { job, externalLabels, found, seen } = candidate
  const { discovered, relabelling, target, reason = '' } = explainTarget(job, found)
  const before = [{ stage: 'discovered', labels: shownLabels(discovered) }, ...relabelSteps('relabel_configs', relabelling)]
  const end = (steps: readonly ExplainedStep[], passes: boolean, verdict: string): Explanation => ({
    job: job.name,
    ...(target === undefined ? {} : { url: redactUrls(target.url.origin + target.url.path) }),
    passes,
    verdict: redactUrls(verdict),
    steps,
  })
  if (target === undefined) {
    const last = before.at(-1)
    if (last?.dropped === true) return end(before, false, `the target is dropped by ${last.stage} ${last.rule ?? ''}`)
    return end([...before, { stage: 'target', note: redactUrls(reason), dropped: true }], false, `the target is dropped: ${reason}`)
  }
  const times = `every ${formatPrometheusDuration(target.intervalMs)}, at most ${formatPrometheusDuration(target.timeoutMs)}`
  const scraped: readonly ExplainedStep[] = [
    ...before,
    { stage: 'target', note: redactUrls(`${target.url.origin}${target.url.path} ${times}`), labels: shownLabels(target.labels) },
    { stage: 'limits', note: limitsText(job.limits, seriesLimits(candidate)) },
    ...(seen === undefined ? [] : [{ stage: 'last scrape', note: healthText(seen) }]),
  ]
  const way = `stream ${streamOf(target.labels, streams)} of ${streams}${shards > 1 ? `, by shard ${shardOf(target.url, shards)} of ${shards}` : ''}`
  if (series === undefined) {
    const { passes, verdict } = targetVerdict(candidate, times)
    return end([...scraped, { stage: 'delivery', note: way }], passes, verdict)
  }

  const { merged, relabelling: metricSteps, labels, reason: failure } = explainSeries(job, target.labels, externalLabels, series)
  const exposed = shownLabels(series)
  const steps: readonly ExplainedStep[] = [
    ...scraped,
    { stage: 'exposed', labels: exposed },
    { stage: `honor_labels: ${job.honorLabels}`, changes: changesBetween(series, new Map(merged)) },
    ...relabelSteps('metric_relabel_configs', metricSteps),
  ]
  const last = steps.at(-1)
  if (failure !== undefined) {
    return end(
      [...steps, { stage: 'limits', note: failure, dropped: true }],
      false,
      `with this series every scrape of the target fails: ${failure}`,
    )
  }
  if (labels === undefined) return end(steps, false, `the series is dropped by ${last?.stage ?? ''} ${last?.rule ?? ''}`)
  const relabelled = metricSteps.at(-1)?.after ?? new Map(merged)
  const { passes, verdict } = seriesVerdict(candidate, labels)
  const ended = { labels: shownSeries(labels, externalLabels) }
  return end(
    [
      ...steps,
      { stage: 'external_labels', changes: changesBetween(relabelled, new Map(withoutSecrets(labels, externalLabels))) },
      passes ? { stage: 'sent', ...ended, note: way } : { stage: 'not sent', ...ended, dropped: true },
    ],
    passes,
    verdict,
  )
}

/** Which agent scrapes it, from 0. */
function shardOf(url: NonNullable<TargetExplanation['target']>['url'], count: number): number {
  let index = 0
  while (index < count && !isOfShard(url, { index, count })) index++
  return index
}

const relabelSteps = (list: string, steps: readonly RelabelStep[]): readonly ExplainedStep[] =>
  steps.map(({ index, rule, before, after, dropped }) => ({
    stage: `${list}[${index}]`,
    rule: shownRule(rule),
    changes: changesBetween(before, after),
    ...(dropped ? { dropped } : {}),
  }))

function limitsText(limits: ScrapeLimits, ofSeries: readonly string[]): string {
  const named = [
    ['body_size_limit', limits.bodySizeBytes],
    ['sample_limit', limits.samples],
    ['label_limit', limits.labels],
    ['label_name_length_limit', limits.labelNameLength],
    ['label_value_length_limit', limits.labelValueLength],
    ['target_limit', limits.targets],
  ] as const
  const set = named.filter(([, limit]) => limit > 0).map(([name, limit]) => `${name} ${limit}`)
  return [...(set.length === 0 ? ['the job has none'] : set), ...ofSeries].join(', ')
}

function healthText({ health, lastError, lastScrapeMs, lastDurationSeconds }: ScrapeTarget): string {
  if (lastScrapeMs === 0) return 'none yet'
  const when = `${new Date(lastScrapeMs).toISOString()}, ${Math.round(lastDurationSeconds * 1000)} ms`
  return redactUrls(`${health} at ${when}${lastError === '' ? '' : `: ${lastError}`}`)
}

import { errorMessage, type Labels, sortedLabels } from '@clymene/model'
import { explainRelabel, type RelabelStep } from '@clymene/relabel'

import type { ScrapeJob } from './job.ts'
import { sampleLabels } from './sample-labels.ts'
import { resolveTarget, type Target } from './target.ts'

/** How a discovered target becomes one that is scraped, or why it does not. */
export type TargetExplanation = {
  /** With the defaults of the job: what relabel_configs see. */
  readonly discovered: ReadonlyMap<string, string>
  readonly relabelling: readonly RelabelStep[]
  /** Absent: it is dropped, by the last step or for the reason. */
  readonly target?: Target
  readonly reason?: string
}

/** How a series of a page becomes one that is sent, or why it does not. */
export type SeriesExplanation = {
  /** With the labels of the target, by honor_labels: what metric_relabel_configs see. */
  readonly merged: Labels
  readonly relabelling: readonly RelabelStep[]
  /** As it is sent. Absent: the series is dropped, by the last step or for the reason; then the whole scrape fails. */
  readonly labels?: Labels
  readonly reason?: string
}

/** The steps of a target of this job, by the same functions that the scrapes use. */
export function explainTarget(job: ScrapeJob, found: ReadonlyMap<string, string>): TargetExplanation {
  const resolved = resolveTarget(job, found)
  const { discovered } = resolved
  const relabelling = explainRelabel(job.relabelRules, discovered)
  if (!('reason' in resolved)) return { discovered, relabelling, target: resolved }
  return relabelling.at(-1)?.dropped === true ? { discovered, relabelling } : { discovered, relabelling, reason: resolved.reason }
}

/** The steps of a series that a target of this job exposes with these labels, `__name__` among them. */
export function explainSeries(job: ScrapeJob, target: Labels, external: Labels, exposed: ReadonlyMap<string, string>): SeriesExplanation {
  let merged: ReadonlyMap<string, string> = exposed
  let relabelling: readonly RelabelStep[] = []
  const { honorLabels, limits, nameValidation } = job
  const explain = (labels: Map<string, string>): boolean => {
    merged = new Map(labels)
    relabelling = explainRelabel(job.metricRelabelRules, labels)
    return job.metricRelabel(labels)
  }
  try {
    const labels = sampleLabels(new Map(exposed), { target, external, honorLabels, limits, nameValidation, metricRelabel: explain })
    return { merged: sortedLabels(merged), relabelling, ...(labels === undefined ? {} : { labels }) }
  } catch (error) {
    return { merged: sortedLabels(merged), relabelling, reason: errorMessage(error) }
  }
}

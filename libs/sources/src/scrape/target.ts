import { type LabelMap, type Labels, sortedLabels } from '@clymene/model'

import { formatPrometheusDuration, parsePrometheusDuration } from './duration.ts'
import type { ScrapeJob } from './job.ts'
import { type TargetUrl, targetUrl } from './target-url.ts'

/** One place that is scraped. */
export type Target = {
  /** Public labels and URL: what makes two targets one. */
  readonly key: string
  /** What every series of the target gets: no label begins with `__`. */
  readonly labels: Labels
  readonly discovered: ReadonlyMap<string, string>
  readonly url: TargetUrl
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** A discovered target that is not scraped, and why. */
export type DroppedTarget = {
  readonly discovered: ReadonlyMap<string, string>
  readonly reason: string
  /** Not by the rules of the job: somebody may want to mend it. */
  readonly mistake: boolean
}

/**
 * From discovered labels to a target: the job's defaults, relabel_configs, the checks of Prometheus 3, `instance`.
 * A port is not added to the address. A mistake drops this target alone.
 */
export function resolveTarget(job: ScrapeJob, found: ReadonlyMap<string, string>): Target | DroppedTarget {
  const discovered = discoveredLabels(job, found)
  const labels: LabelMap = new Map(discovered)
  if (!job.relabel(labels)) return { discovered, reason: 'relabel_configs', mistake: false }
  const mistake = (reason: string): DroppedTarget => ({ discovered, reason, mistake: true })

  const address = labels.get('__address__') ?? ''
  if (address === '') return mistake('no address: __address__ is empty')
  if (address.includes('/')) return mistake(`address ${JSON.stringify(address)}: expected host:port without "/"`)
  const times = scrapeTimes(labels)
  if (typeof times === 'string') return mistake(times)
  if ((labels.get('instance') ?? '') === '') labels.set('instance', address)
  for (const [name, value] of labels) {
    if (!value.isWellFormed()) return mistake(`label ${JSON.stringify(name)}: value ${JSON.stringify(value)} is not UTF-8`)
  }
  const url = targetUrl(labels, job.params)
  const publicLabels = sortedLabels([...labels].filter(([name]) => !name.startsWith('__')))
  return { key: JSON.stringify([publicLabels, url.origin, url.path]), labels: publicLabels, discovered, url, ...times }
}

/** What relabel_configs see. An empty label counts as absent. */
function discoveredLabels(job: ScrapeJob, found: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const labels: LabelMap = new Map(found)
  const defaults: [string, string][] = [
    ['job', job.name],
    ['__scrape_interval__', formatPrometheusDuration(job.intervalMs)],
    ['__scrape_timeout__', formatPrometheusDuration(job.timeoutMs)],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
    ...[...job.params].map(([name, values]): [string, string] => [`__param_${name}`, values[0] ?? '']),
  ]
  for (const [name, value] of defaults) if ((labels.get(name) ?? '') === '') labels.set(name, value)
  for (const [name, value] of labels) if (value === '') labels.delete(name)
  return labels
}

/** relabel_configs may set the times of a single target. A text says what is wrong with them. */
function scrapeTimes(labels: LabelMap): { intervalMs: number; timeoutMs: number } | string {
  const [intervalText, timeoutText] = [labels.get('__scrape_interval__') ?? '', labels.get('__scrape_timeout__') ?? '']
  const [intervalMs, timeoutMs] = [parsePrometheusDuration(intervalText), parsePrometheusDuration(timeoutText)]
  const expected = 'expected a duration over 0 such as 15s'
  if (intervalMs === undefined || intervalMs === 0) return `__scrape_interval__ ${JSON.stringify(intervalText)}: ${expected}`
  if (timeoutMs === undefined || timeoutMs === 0) return `__scrape_timeout__ ${JSON.stringify(timeoutText)}: ${expected}`
  if (timeoutMs > intervalMs) return `__scrape_timeout__ ${timeoutText} is longer than __scrape_interval__ ${intervalText}`
  return { intervalMs, timeoutMs }
}

import { ConfigError, type Label } from '@clymene/model'
import { redactUrls } from '@clymene/runtime'
import { explainTarget } from '@clymene/sources'

import type { AgentView } from '../pages/agent-view.ts'
import { parseSelector } from '../pages/selector.ts'
import { shownValue } from '../pages/shown-labels.ts'
import { explain, type Candidate, type ExplainOptions, type Explanation } from './explanation.ts'

/** What is asked for; '' is not given. */
export type ExplainQuery = {
  /** The URL of a target, or the value of any of its labels: an address, an instance, the name of a pod. */
  readonly target: string
  readonly job: string
  /** As the target exposes it: `up{a="b"}` or `{__name__="up",a="b"}`. */
  readonly series: string
}

export type Explanations = {
  /** How many targets are meant; the first twenty are explained. */
  readonly found: number
  readonly explanations: readonly Explanation[]
  /** Why nothing was found, where it can be told. */
  readonly hint: string
}

const MOST = 20

/**
 * Explains the targets among `candidates` that are asked for.
 *
 * @throws ConfigError with every mistake of the query.
 */
export function explainMatching(
  candidates: Iterable<Candidate>,
  query: ExplainQuery,
  options: Omit<ExplainOptions, 'series'>,
): Explanations {
  const { series, first, found, seen } = chooseCandidates(candidates, query)
  const where = query.job === '' ? '' : ` of job ${JSON.stringify(query.job)}`
  const target = JSON.stringify(query.target)
  const hint =
    seen === 0 ? `nothing was discovered${where}` : `none of the ${seen} discovered targets${where} has the URL or a label value ${target}`
  return { found, explanations: first.map((candidate) => explain(candidate, { ...options, series })), hint: found > 0 ? '' : hint }
}

export type Chosen = {
  readonly series: ReadonlyMap<string, string> | undefined
  /** The first twenty that are asked for, of `found`, of `seen` of the job. */
  readonly first: readonly Candidate[]
  readonly found: number
  readonly seen: number
}

/** Which are asked for. @throws ConfigError with every mistake of the query. */
export function chooseCandidates(candidates: Iterable<Candidate>, query: ExplainQuery): Chosen {
  const series = readQuery(query)
  const first: Candidate[] = []
  let [found, seen] = [0, 0]
  for (const candidate of candidates) {
    if (query.job !== '' && candidate.job.name !== query.job) continue
    seen++
    if (query.target !== '' && !isMeant(candidate, query.target)) continue
    found++
    if (first.length < MOST) first.push(candidate)
  }
  return { series, first, found, seen }
}

/** What a running agent has found, scraped and dropped. */
export function* candidatesOf(view: AgentView): Iterable<Candidate> {
  for (const { source, jobs, externalLabels } of view.scraped()) {
    const byName = new Map(jobs.map((job) => [job.name, job]))
    const { active, dropped } = source.targets()
    for (const target of [...active, ...dropped]) {
      const job = byName.get(target.job)
      if (job === undefined) continue
      const seen =
        'url' in target ? { seen: target, standing: () => source.seriesOf(job.name, target.url, target.labels) } : { isDropped: true }
      yield { job, externalLabels, found: target.discovered, ...seen }
    }
  }
}

function readQuery({ target, job, series }: ExplainQuery): ReadonlyMap<string, string> | undefined {
  const mistakes: string[] = []
  if (target === '' && job === '') mistakes.push('target: expected a URL, an address or the value of a label; or a job')
  const labels = series === '' ? undefined : readSeries(series, mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return labels
}

function readSeries(text: string, mistakes: string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  try {
    for (const { name, op, value } of parseSelector(text)) {
      if (op !== '=') mistakes.push(`series: ${name}${op}…: expected =, one series is meant`)
      if (labels.has(name)) mistakes.push(`series: the label ${JSON.stringify(name)} comes twice`)
      labels.set(name, value)
    }
    if ((labels.get('__name__') ?? '') === '') mistakes.push('series: expected a name, as in up{a="b"} or {__name__="up",a="b"}')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    mistakes.push(...error.mistakes.map((mistake) => `series: ${mistake}`))
  }
  return labels
}

/** Only what is shown can be asked for: a search is no way to guess a secret. */
function isMeant({ job, found, seen, isDropped = false }: Candidate, target: string): boolean {
  const has = (labels: Iterable<Label>): boolean => {
    for (const [name, value] of labels) if (value === target && shownValue(name, value) === target) return true
    return false
  }
  if (has(found)) return true
  if (seen !== undefined) return [seen.url, seen.globalUrl].some((url) => redactUrls(url) === target) || has(seen.labels)
  if (isDropped) return false
  const resolved = explainTarget(job, found).target
  return resolved !== undefined && (redactUrls(resolved.url.origin + resolved.url.path) === target || has(resolved.labels))
}

import { isDiscoveryKey } from '@clymene/discovery'
import { sortedLabels } from '@clymene/model'
import { parseRelabelConfigs } from '@clymene/relabel'
import type { JournalJob } from '@clymene/sources'
import { parseStages } from '@clymene/stages'

import { givesCluster } from './discovery.ts'
import { jobSummary } from './job-summary.ts'
import { whyNotRead } from './refused-sources.ts'
import type { Section } from './section.ts'

export type ReadJournalJob = {
  readonly job: JournalJob
  /** Every entry surely gets a `cluster` of its own. */
  readonly setsCluster: boolean
  /** The job in a line. */
  readonly summary: string
}

/** One item of `scrape_configs` of Promtail with `journal`. */
export function readJournalJob(section: Section, name: string): ReadJournalJob {
  const relabel = section.parsed('relabel_configs', parseRelabelConfigs, [])
  const pipeline = section.parsed('pipeline_stages', parseStages, [])
  for (const key of section.keys().filter(isDiscoveryKey)) {
    section.accept(key)
    section.mistake(key, 'stands beside journal, expected a job for each')
  }
  const journal = section.section('journal')
  const labels = sortedLabels(journal?.texts('labels') ?? [])
  const job: JournalJob = {
    name,
    fingerprint: section.fingerprint(),
    pipeline,
    relabel,
    labels,
    path: journal?.string('path', '') ?? '',
    matches: journal?.scalar('matches', [], 'FIELD=value', parseMatches) ?? [],
    maxAgeMs: journal?.duration('max_age', MAX_AGE_MS) ?? MAX_AGE_MS,
    json: journal?.bool('json', false) ?? false,
  }
  journal?.finish()
  section.finish(whyNotRead)
  const setsCluster = relabel.some(givesCluster) || labels.some(([label]) => label === 'cluster')
  return { job, setsCluster, summary: jobSummary(section, job, 'journal') }
}

/** As Promtail: 7h. */
const MAX_AGE_MS = 7 * 60 * 60 * 1000

/** Whatever does not begin with the name of a field would be an option or a path to journalctl. */
function parseMatches(text: string): readonly string[] {
  const matches = text.split(/\s+/).filter(Boolean)
  const wrong = matches.find((match) => !/^[A-Z_][A-Z0-9_]*=/.test(match))
  if (wrong !== undefined) throw new Error(`expected FIELD=value with blanks between them, found ${JSON.stringify(wrong)}`)
  return matches
}

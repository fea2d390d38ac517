import type { Labels } from '@clymene/model'
import { compileRelabel, type RelabelRule } from '@clymene/relabel'

import type { AgentSetup } from './assemble.ts'

/**
 * Name of the cluster that this agent is in, for what it says of itself beside its messages: that of --cluster, else the one that every job
 * gives all that it collects, by its last rule for `cluster`, its labels or external_labels; '' when they are several or depend on targets.
 */
export function ownCluster({
  cluster,
  logLabels,
  scrapeConfigs,
  logConfigs,
}: Pick<AgentSetup, 'cluster' | 'logLabels' | 'scrapeConfigs' | 'logConfigs'>): string {
  if (cluster !== '') return cluster
  const names = [
    ...scrapeConfigs.flatMap(({ jobs, jobsWithoutCluster: open, externalLabels }) =>
      jobs.map(({ name, relabelRules }) => nameBy(relabelRules) ?? (open.includes(name) ? nameIn(externalLabels) : VARIES)),
    ),
    ...logConfigs.flatMap(({ jobs, journalJobs, jobsWithoutCluster: open }) => [
      ...jobs.map(({ name, relabel }) => nameBy(relabel) ?? (open.includes(name) ? nameIn(logLabels) : VARIES)),
      ...journalJobs.map(({ relabel, labels }) => nameBy(relabel) ?? nameIn([...labels, ...logLabels])),
    ]),
  ]
  const [first = '', ...others] = new Set(names)
  return others.length === 0 ? first : ''
}

/** By a label of targets, or by a rule that looks at them. */
const VARIES = ''

const nameIn = (labels: Labels): string => labels.find(([name]) => name === 'cluster')?.[1] ?? ''

/** Undefined when no rule sets it. */
function nameBy(rules: readonly RelabelRule[]): string | undefined {
  const at = rules.findLastIndex(({ targetLabel }) => targetLabel === 'cluster')
  const last = rules[at]
  if (last === undefined) return undefined
  if (rules.slice(at).some(({ action }) => action.startsWith('label'))) return VARIES
  if (last.sourceLabels.length > 0) return VARIES
  const labels = new Map<string, string>()
  compileRelabel([last])(labels)
  return labels.get('cluster') ?? ''
}

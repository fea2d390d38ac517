import { hostname } from 'node:os'

import { sortedLabels, type Label, type Labels } from '@clymene/model'
import type { StdinJob } from '@clymene/sources'
import type { StageConfig } from '@clymene/stages'

import type { Section } from './section.ts'

/** What is read of standard input when no job says anything about it, as Promtail. */
export const defaultStdinJob = (): StdinJob => ({
  name: 'stdin',
  fingerprint: '',
  pipeline: [],
  labels: [
    ['hostname', hostname()],
    ['job', 'stdin'],
  ],
})

/** Standard input by the stages and the labels of a job, as Promtail: rules and paths are about files. A line has to have a label. */
export function readStdinJob(section: Section, name: string, pipeline: readonly StageConfig[]): StdinJob {
  const labels = section.parsed('static_configs', labelsOf, [])
  return {
    name,
    fingerprint: section.fingerprint(),
    pipeline,
    labels: labels.some(([label]) => !label.startsWith('__')) ? labels : [['job', name], ...labels],
  }
}

/** Of all groups together; what is wrong with them is told where they are read as targets. */
function labelsOf(groups: unknown): Labels {
  const list: readonly unknown[] = Array.isArray(groups) ? groups : []
  const labels = list.flatMap((group): readonly Label[] => {
    const own: unknown = typeof group === 'object' && group !== null && 'labels' in group ? group.labels : undefined
    return typeof own === 'object' && own !== null ? Object.entries(own).map(([label, value]): Label => [label, String(value)]) : []
  })
  return sortedLabels(new Map(labels))
}

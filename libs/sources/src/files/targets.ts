import { type Discoverer, errorMessage, type Label, type Labels, type Logger, mutableLabels, type TargetGroup } from '@clymene/model'
import { compileRelabel, type Relabel } from '@clymene/relabel'
import { createLabelSet, type LabelSet } from '@clymene/stages'

import { TENANT_LABEL } from '../lines/stream.ts'
import { compileGlob, type Glob } from './glob.ts'
import type { FileJob } from './options.ts'

/** Files to tail, and the labels of their lines. */
export type FileTarget = {
  readonly job: FileJob
  readonly glob: Glob
  readonly exclude: Glob | undefined
  /** Labels of a file's lines: the target's own, the external ones, and `filename`. */
  readonly labelsOf: (path: string) => LabelSet
}

export type Targets = {
  /** Runs the discoverers of all jobs until `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** The targets known now; the same array until something changes. */
  readonly current: () => readonly FileTarget[]
}

export type TargetsOptions = {
  readonly jobs: readonly FileJob[]
  readonly externalLabels: Labels
  readonly hostname: string
  readonly logger: Logger
  readonly onChange: () => void
}

export function createTargets(options: TargetsOptions): Targets {
  const jobs = options.jobs.map((job) => ({ job, relabel: compileRelabel(job.relabel), groups: new Map<string, TargetGroup>() }))
  let targets: readonly FileTarget[] | undefined

  const discover = (discoverer: Discoverer, index: number, groups: Map<string, TargetGroup>, signal: AbortSignal): Promise<void> =>
    discoverer.run((changed) => {
      for (const group of changed) {
        const key = `${index}/${group.source}`
        if (group.targets.length === 0) groups.delete(key)
        else groups.set(key, group)
      }
      targets = undefined
      options.onChange()
    }, signal)

  return {
    run: async (signal) => {
      await Promise.all(
        jobs.flatMap(({ job, groups }) => job.discoverers.map((discoverer, index) => discover(discoverer, index, groups, signal))),
      )
    },
    current: () => {
      targets ??= jobs.flatMap(({ job, relabel, groups }) =>
        [...groups.values()].flatMap((group) =>
          group.targets.flatMap((target) => toTarget(job, relabel, mutableLabels(group, target), options)),
        ),
      )
      return targets
    },
  }
}

function toTarget(job: FileJob, relabel: Relabel, labels: Map<string, string>, options: TargetsOptions): readonly FileTarget[] {
  if (!relabel(labels)) return []
  const path = labels.get('__path__') ?? ''
  const host = labels.get('__host__') ?? ''
  if (path === '' || (host !== '' && host !== options.hostname)) return []
  try {
    const exclude = labels.get('__path_exclude__') ?? ''
    const sent: readonly Label[] = [...labels].filter(([name]) => !name.startsWith('__') || name === TENANT_LABEL)
    const base = createLabelSet([...options.externalLabels, ...sent])
    return [
      {
        job,
        glob: compileGlob(path),
        exclude: exclude === '' ? undefined : compileGlob(exclude),
        labelsOf: (file) => base.with('filename', file),
      },
    ]
  } catch (error) {
    options.logger.warn('target of files left out', { job: job.name, path, error: errorMessage(error) })
    return []
  }
}

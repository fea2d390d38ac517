import {
  type Discoverer,
  errorMessage,
  type Label,
  type Labels,
  type Logger,
  mutableLabels,
  sortedLabels,
  type TargetGroup,
} from '@clymene/model'
import { compileRelabel, type Relabel } from '@clymene/relabel'
import { createLabelSet, type LabelSet } from '@clymene/stages'

import { TENANT_LABEL } from '../lines/stream.ts'
import { compileGlob, type Glob } from './glob.ts'
import type { FileJob } from './options.ts'
import type { LogTargetView } from './view.ts'

/** Files to tail, and the labels of their lines. */
export type FileTarget = {
  readonly job: FileJob
  readonly glob: Glob
  /** Whether files of that path are left out though the glob finds them. */
  readonly excludes: (path: string) => boolean
  /** Labels of a file's lines: the target's own, the external ones, and `filename`. */
  readonly labelsOf: (path: string) => LabelSet
}

export type Targets = {
  /** Runs the discoverers of all jobs until `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>
  /** The targets known now; the same array until something changes. */
  readonly current: () => readonly FileTarget[]
  /** All that was discovered, with what became of it. */
  readonly views: () => readonly LogTargetView[]
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
  const resolved = (): readonly Resolved[] =>
    jobs.flatMap(({ job, relabel, groups }) =>
      [...groups.values()].flatMap((group) => group.targets.map((target) => toTarget(job, relabel, mutableLabels(group, target), options))),
    )

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
      targets ??= resolved().flatMap(({ target }) => (target === undefined ? [] : [target]))
      return targets
    },
    views: () => resolved().map(({ view }) => view),
  }
}

type Resolved = { readonly view: LogTargetView; readonly target?: FileTarget }

function toTarget(job: FileJob, relabel: Relabel, labels: Map<string, string>, options: TargetsOptions): Resolved {
  const view = { job: job.name, discoveredLabels: sortedLabels(labels), labels: [], glob: '' }
  if (!relabel(labels)) return { view: { ...view, dropped: 'relabelling dropped it' } }
  const glob = labels.get('__path__') ?? ''
  const host = labels.get('__host__') ?? ''
  const shown = { ...view, glob, labels: sortedLabels(labels).filter(([name]) => !name.startsWith('__')) }
  if (glob === '') return { view: { ...shown, dropped: 'it has no __path__' } }
  if (host !== '' && host !== options.hostname)
    return { view: { ...shown, dropped: `its __host__ is ${host}, this one is ${options.hostname}` } }
  try {
    const excluded = globsOf(labels.get('__path_exclude__') ?? '').map(compileGlob)
    const sent: readonly Label[] = [...labels].filter(([name]) => !name.startsWith('__') || name === TENANT_LABEL)
    const base = createLabelSet([...options.externalLabels, ...sent])
    const target: FileTarget = {
      job,
      glob: compileGlob(glob),
      excludes: (path) => excluded.some((one) => one.matches(path)),
      labelsOf: (file) => base.with('filename', file),
    }
    return { view: { ...shown, labels: base.labels.filter(([name]) => !name.startsWith('__')) }, target }
  } catch (error) {
    options.logger.warn('target of files left out', { job: job.name, path: glob, error: errorMessage(error) })
    return { view: { ...shown, dropped: errorMessage(error) } }
  }
}

/** Several globs stand one after the other, with commas: each begins with a slash, so that a comma in braces or a name is left alone. */
const globsOf = (text: string): readonly string[] => (text.trim() === '' ? [] : text.split(/\s*,\s*(?=\/)/).map((glob) => glob.trim()))

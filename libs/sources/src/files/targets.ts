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
import { aborted, isAbort } from '@clymene/runtime'
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
  /** A job that did not change is the same object as before. */
  readonly jobs: () => readonly FileJob[]
  /** Ends what discovers for jobs that changed or are gone, and begins what does for the others. */
  readonly reload: (jobs: readonly FileJob[]) => void
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
  const jobs = new Map<string, DiscoveredJob>()
  const ending = new Set<Promise<void>>()
  let begin: ((job: DiscoveredJob) => void) | undefined
  let targets: readonly FileTarget[] | undefined
  const resolved = (): readonly Resolved[] =>
    [...jobs.values()].flatMap(({ job, relabel, groups }) =>
      [...groups.values()].flatMap((group) => group.targets.map((target) => toTarget(job, relabel, mutableLabels(group, target), options))),
    )

  const discover = (discoverer: Discoverer, index: number, { groups, end }: DiscoveredJob, signal: AbortSignal): Promise<void> =>
    discoverer.run(
      (changed) => {
        for (const group of changed) {
          const key = `${index}/${group.source}`
          if (group.targets.length === 0) groups.delete(key)
          else groups.set(key, group)
        }
        targets = undefined
        options.onChange()
      },
      AbortSignal.any([signal, end.signal]),
    )
  const take = (next: readonly FileJob[]): void => {
    const before = new Map(jobs)
    jobs.clear()
    for (const job of next) {
      const known = before.get(job.name)
      const stays = known !== undefined && isSame(known.job, job)
      if (stays) before.delete(job.name)
      const one = stays ? known : { job, relabel: compileRelabel(job.relabel), groups: new Map(), end: new AbortController() }
      jobs.set(job.name, one)
      if (!stays) begin?.(one)
    }
    for (const { end } of before.values()) end.abort()
    targets = undefined
  }
  take(options.jobs)

  return {
    run: async (signal) => {
      const failed = Promise.withResolvers<never>()
      begin = (job) => {
        for (const [index, discoverer] of job.job.discoverers.entries()) {
          const running = discover(discoverer, index, job, signal).catch((error: unknown) => {
            if (!isAbort(error, job.end.signal)) failed.reject(error)
          })
          ending.add(running)
          void running.finally(() => ending.delete(running))
        }
      }
      for (const job of jobs.values()) begin(job)
      await Promise.race([aborted(signal), failed.promise]).finally(() => {
        begin = undefined
      })
      await Promise.all(ending)
    },
    current: () => {
      targets ??= resolved().flatMap(({ target }) => (target === undefined ? [] : [target]))
      return targets
    },
    jobs: () => [...jobs.values()].map(({ job }) => job),
    reload: (next) => {
      take(next)
      options.onChange()
    },
    views: () => resolved().map(({ view }) => view),
  }
}

/** A job and what its discoverers have found, until they end. */
type DiscoveredJob = {
  readonly job: FileJob
  readonly relabel: Relabel
  readonly groups: Map<string, TargetGroup>
  readonly end: AbortController
}

const isSame = (one: FileJob, other: FileJob): boolean => one.fingerprint !== undefined && one.fingerprint === other.fingerprint

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

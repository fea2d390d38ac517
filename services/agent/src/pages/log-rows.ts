import { explainRelabel } from '@clymene/relabel'
import { redactUrls } from '@clymene/runtime'
import type { FileJob, LogTargetView } from '@clymene/sources'

import { type AgentView, compare, type ReadFile } from './agent-view.ts'
import { ruleReason } from './drop-reason.ts'
import { shownTexts } from './shown-labels.ts'

/** A file that is read. */
export type FileRow = ReadFile & { readonly kind: 'file'; readonly state: 'ready' | 'rotated' | 'failed' }

/** A target of files, as it was discovered. `failed`: files that it may mean cannot be read; `idle`: its glob has found nothing so far. */
export type LogTargetRow = LogTargetView & {
  readonly kind: 'target'
  readonly state: 'active' | 'failed' | 'idle' | 'dropped'
  readonly of: FileJob | undefined
}

/** The files that are read, by job and path; in the order of reading those of a path. */
export const fileRows = (view: AgentView): readonly FileRow[] =>
  (view.logs?.()?.files() ?? [])
    .map((file): FileRow => ({ ...file, kind: 'file', state: stateOf(file) }))
    .toSorted((a, b) => compare(a.job, b.job) || compare(a.path, b.path))

const stateOf = ({ error, rotated }: ReadFile): FileRow['state'] =>
  error !== undefined ? 'failed' : rotated === true ? 'rotated' : 'ready'

/** All targets of log jobs, by job; those of a job that are dropped stand after the others. */
export function logTargetRows(view: AgentView, files: readonly FileRow[]): readonly LogTargetRow[] {
  const logs = view.logs?.()
  const byName = new Map(logs?.jobs.map((job) => [job.name, job]))
  // A target shows in the labels of its files.
  const found = new Set(
    files.map(({ job, labels }) =>
      keyOf(
        job,
        labels.filter(([name]) => name !== 'filename'),
      ),
    ),
  )
  return (logs?.targets() ?? [])
    .map((target): LogTargetRow => {
      const isFound = found.has(
        keyOf(
          target.job,
          target.labels.filter(([name]) => name !== 'filename'),
        ),
      )
      const works = target.error === undefined ? (isFound ? 'active' : 'idle') : 'failed'
      const state = target.dropped === undefined ? works : 'dropped'
      return { ...target, kind: 'target', state, of: byName.get(target.job) }
    })
    .toSorted((a, b) => compare(a.job, b.job) || ORDER[a.state] - ORDER[b.state])
}

const ORDER = { active: 0, failed: 1, idle: 2, dropped: 3 } as const

const keyOf = (job: string, labels: LogTargetView['labels']): string => JSON.stringify([job, labels])

/** What the page of targets lists: the files that are read, and the targets that have none or miss some. */
export function logRows(view: AgentView): readonly (FileRow | LogTargetRow)[] {
  const files = fileRows(view)
  const targets = logTargetRows(view, files).filter(({ state }) => state !== 'active')
  return [...files, ...targets].toSorted((a, b) => compare(a.job, b.job))
}

/** Why no files are looked for: the rule that dropped the target, or what it lacks. */
export function logDropReason({ of, discoveredLabels, dropped = '' }: LogTargetRow): string {
  const step = of === undefined ? undefined : explainRelabel(of.relabel, new Map(discoveredLabels)).at(-1)
  return step?.dropped === true ? ruleReason(step) : redactUrls(dropped)
}

/** What a search looks through. */
export function* logTexts(row: FileRow | LogTargetRow): Iterable<string> {
  yield* shownTexts(row.labels)
  if (row.kind === 'file') {
    yield row.path
    yield row.inode
    yield row.storage
    yield row.error ?? ''
  } else {
    yield row.glob
    yield* shownTexts(row.discoveredLabels)
    yield redactUrls(row.dropped ?? '')
    yield row.error ?? ''
  }
}

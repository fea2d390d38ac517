import type { Label } from '@clymene/model'
import type { PageReply, PageRequest } from '@clymene/runtime'

import type { AgentView } from './agent-view.ts'
import { listPieces, streamedSuccess } from './api-answer.ts'
import { type FileRow, fileRows, logDropReason, type LogTargetRow, logTargetRows } from './log-rows.ts'
import { createPresentNames } from './present-name.ts'
import { shownLabels } from './shown-labels.ts'

/** `GET /api/v1/log-targets`: the targets of log jobs with what became of them, and the files with how far they are read. */
export function logTargets(view: AgentView, { query }: PageRequest): PageReply {
  const [job, state] = [query.get('scrapePool') ?? '', query.get('state') ?? '']
  const isWanted = (row: FileRow | LogTargetRow): boolean => (job === '' || row.job === job) && (state === '' || row.state === state)
  const files = fileRows(view)
  return streamedSuccess(
    (function* () {
      yield '{"targets":'
      yield* listPieces(logTargetRows(view, files).filter(isWanted), targetJson)
      yield ',"files":'
      const nameOf = createPresentNames()
      yield* listPieces(files.filter(isWanted), (row) => fileJson(row, nameOf))
      yield '}'
    })(),
  )
}

const targetJson = (row: LogTargetRow): unknown => ({
  job: row.job,
  state: row.state,
  reason: row.state === 'dropped' ? logDropReason(row) : '',
  glob: row.glob,
  error: row.error ?? '',
  discoveredLabels: labelObject(row.discoveredLabels),
  labels: labelObject(row.labels),
})

const fileJson = (
  { job, state, storage, path, inode, position, size, lagSeconds, error = '', labels }: FileRow,
  nameOf: ReturnType<typeof createPresentNames>,
): unknown => ({
  job,
  state,
  storage,
  path,
  name: (state === 'rotated' ? nameOf({ path, inode }) : undefined) ?? '',
  inode,
  position,
  size,
  lagSeconds,
  error,
  labels: labelObject(labels),
})

/** Made as own properties: `__proto__` is a name like others. */
const labelObject = (labels: Iterable<Label>): unknown => Object.fromEntries(shownLabels(labels))

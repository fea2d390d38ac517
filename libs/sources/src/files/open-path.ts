import { dirname } from 'node:path'

import { createSharedState } from '@clymene/stages'

import { createDroppedLines } from '../lines/dropped-lines.ts'
import { createCutLines } from './cut-lines.ts'
import { followPath, type FollowedPath } from './followed-path.ts'
import type { FollowerOptions } from './follower.ts'
import { createLineRate } from './line-rate.ts'
import { createLineReader } from './line-reader.ts'
import type { OpenFiles } from './open-files.ts'
import { realPathOf } from './siblings.ts'
import type { Tail } from './tail.ts'
import type { FileTarget } from './targets.ts'

export type OpenPath = (target: FileTarget, path: string, files: OpenFiles, first: readonly Tail[]) => FollowedPath

const UNCOUNTED = { inc: () => undefined }

/** Makes the stages of a path's lines and what reads its files; limits of the rate are those of all paths together. */
export function createOpenPath({ settings, table, metrics, clock, laneOf, tells }: FollowerOptions): OpenPath {
  const { countsLines } = settings
  const cutLinesOf = countsLines ? createCutLines({ ...settings, now: settings.steadyNow }) : () => () => undefined
  const readerMetrics = countsLines ? metrics : { ...metrics, truncatedLines: UNCOUNTED, splitLines: UNCOUNTED }
  const rate = settings.readlineRate === undefined ? [] : createLineRate(settings.readlineRate, metrics)
  const pipeline = {
    ...(countsLines ? { dropped: createDroppedLines(settings.metrics) } : {}),
    shared: createSharedState(),
    ...(settings.stageMetrics === undefined ? {} : { metrics: settings.stageMetrics }),
  }
  return (target, path, files, first) => {
    const lane = laneOf(path)
    const labels = target.labelsOf(path)
    const folder = dirname(path)
    const isLink = realPathOf(path) !== path
    const reader = createLineReader({
      stages: [...target.job.pipeline, ...rate],
      labels,
      lane,
      clock,
      maxLineBytes: settings.maxLineBytes,
      longLines: settings.longLines,
      metrics: readerMetrics,
      onCut: cutLinesOf(path),
      inspect: settings.inspect,
      pipeline,
    })
    return followPath({
      ...settings,
      job: target.job.name,
      path,
      labels,
      lane,
      reader,
      files,
      first,
      metrics,
      nowMs: settings.steadyNow(),
      isTold: () => !isLink && tells(folder),
      onClosed: (position) => table.put({ ...position, seenMs: settings.now() }),
    })
  }
}

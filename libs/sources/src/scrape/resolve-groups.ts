import { mutableLabels, type TargetGroup } from '@clymene/model'

import type { ScrapeJob } from './job.ts'
import { isOfShard, type Shard } from './shard.ts'
import { takeTurns } from './take-turns.ts'
import { type DroppedTarget, resolveTarget, type Target } from './target.ts'

export type ResolvedTargets = {
  /** By key: the same target may be in several groups. */
  readonly targets: ReadonlyMap<string, Target>
  /** As many as the job keeps. */
  readonly dropped: readonly DroppedTarget[]
  readonly droppedCount: number
  readonly otherShards: number
  readonly mistakes: number
  /** Of the mistakes, without repeats; not more than a few hundred. */
  readonly mistakeReasons: ReadonlySet<string>
}

/** A job may keep all of its dropped targets, but not without end: in a cluster most of what is found is dropped, 3 to 5 KB each. */
const MOST_DROPPED = 5000
const MOST_REASONS = 200

type ResolvedGroup = {
  readonly group: TargetGroup
  readonly targets: Target[]
  readonly dropped: DroppedTarget[]
  droppedCount: number
  otherShards: number
  mistakes: number
  readonly reasons: Set<string>
}

/** Resolves groups to targets for one version of a job; a group that stays as it was is not looked at again. */
export function createGroupResolver(job: ScrapeJob, shard: Shard) {
  let known = new Map<string, ResolvedGroup>()
  let kept = 0
  const most = job.keepDroppedTargets === 0 ? MOST_DROPPED : Math.min(job.keepDroppedTargets, MOST_DROPPED)

  function resolveOne(into: ResolvedGroup, labels: ReadonlyMap<string, string>): void {
    const target = resolveTarget(job, mutableLabels(into.group, labels))
    if (!('reason' in target)) {
      if (isOfShard(target.url, shard)) into.targets.push(target)
      else into.otherShards++
      return
    }
    into.droppedCount++
    if (target.mistake) {
      into.mistakes++
      if (into.reasons.size < MOST_REASONS) into.reasons.add(target.reason)
    }
    if (kept >= most) return
    kept++
    into.dropped.push(target)
  }

  return async (groups: ReadonlyMap<string, TargetGroup>, signal: AbortSignal): Promise<ResolvedTargets> => {
    const next = new Map<string, ResolvedGroup>()
    const changed: ResolvedGroup[] = []
    for (const [name, group] of groups) {
      const before = known.get(name)
      const one =
        before?.group === group
          ? before
          : { group, targets: [], dropped: [], droppedCount: 0, otherShards: 0, mistakes: 0, reasons: new Set<string>() }
      next.set(name, one)
      if (one !== before) changed.push(one)
    }
    kept = 0
    for (const [name, { dropped }] of known) if (next.get(name) === known.get(name)) kept += dropped.length
    await takeTurns(targetsOf(changed), ([one, labels]) => resolveOne(one, labels), signal)
    known = next
    return await summed([...known.values()], signal)
  }
}

function* targetsOf(groups: readonly ResolvedGroup[]): Iterable<[ResolvedGroup, ReadonlyMap<string, string>]> {
  for (const one of groups) for (const labels of one.group.targets) yield [one, labels]
}

async function summed(groups: readonly ResolvedGroup[], signal: AbortSignal): Promise<ResolvedTargets> {
  const targets = new Map<string, Target>()
  const dropped: DroppedTarget[] = []
  const mistakeReasons = new Set<string>()
  let [droppedCount, otherShards, mistakes] = [0, 0, 0]
  const add = (group: ResolvedGroup): void => {
    for (const target of group.targets) if (!targets.has(target.key)) targets.set(target.key, target)
    dropped.push(...group.dropped)
    for (const reason of group.reasons) if (mistakeReasons.size < MOST_REASONS) mistakeReasons.add(reason)
    droppedCount += group.droppedCount
    otherShards += group.otherShards
    mistakes += group.mistakes
  }
  await takeTurns(groups, add, signal)
  return { targets, dropped, droppedCount, otherShards, mistakes, mistakeReasons }
}

import { createGrowingLabels } from './growing-labels.ts'
import { createJobConnections } from './job-connections.ts'
import type { ScrapeJob } from './job.ts'
import { createGroupResolver, type ResolvedTargets } from './resolve-groups.ts'
import type { JobContext, ScrapeContext } from './scrape-context.ts'
import { createSeriesBudget } from './series-budget.ts'
import { takeTurns } from './take-turns.ts'
import { startTargetLoop, type StopReason, type TargetLoop } from './target-loop.ts'
import type { DroppedTarget, Target } from './target.ts'
import { type GroupChange, watchGroups } from './watch-groups.ts'

export type TargetPool = {
  readonly job: () => ScrapeJob
  readonly loops: () => readonly TargetLoop[]
  /** As many as the job keeps. */
  readonly dropped: () => readonly DroppedTarget[]
  readonly counts: () => { readonly dropped: number; readonly otherShards: number }
  readonly series: () => { readonly series: number; readonly limit: number; readonly leftOut: number }
  /** Another configuration: targets that are still found go on, their series without a gap. */
  readonly use: (job: ScrapeJob) => void
  /** Other external labels. */
  readonly refresh: () => void
  /** Resolves when every target has handed over what it had. */
  readonly stop: (why: StopReason) => Promise<void>
}

const NOTHING: ResolvedTargets = {
  targets: new Map(),
  dropped: [],
  droppedCount: 0,
  otherShards: 0,
  mistakes: 0,
  mistakeReasons: new Set(),
}

/** Discovers and scrapes the targets of one job. */
export function startTargetPool(shared: ScrapeContext, firstJob: ScrapeJob): TargetPool {
  let job = firstJob
  const connections = createJobConnections(shared.dispatcher, firstJob.http)
  const budget = createSeriesBudget(shared.seriesLimits.perJob)
  const growing = createGrowingLabels(shared.metrics.growing, firstJob.name)
  const context: JobContext = { ...shared, connections, budget, growing }
  const loops = new Map<string, TargetLoop>()
  const ending = new Set<Promise<void>>()
  let found = NOTHING
  const logger = context.logger.child({ job: job.name })
  let discovery = startDiscovery()

  function startDiscovery() {
    const resolve = createGroupResolver(job, context.shard)
    /** What this discovery named last: that is gone when it does not any more, whoever is still to be heard. */
    let named = NOTHING.targets
    const changed = async ({ groups, complete }: GroupChange, signal: AbortSignal): Promise<void> => {
      const next = await resolve(groups, signal)
      reportMistakes(next)
      found = next
      const before = named
      named = next.targets
      await takeOver(complete ? loops : before, signal)
    }
    return watchGroups(job, { syncIntervalMs: context.syncIntervalMs, logger, changed })
  }

  async function takeOver(before: ReadonlyMap<string, unknown>, signal: AbortSignal): Promise<void> {
    const { targets } = found
    // First what ends: who comes for the same series takes them over.
    const gone = [...before.keys()].filter((key) => !targets.has(key))
    await takeTurns(gone, (key) => end(key, 'gone'), signal)
    const goOn = ([key, target]: readonly [string, Target]): void => {
      const loop = loops.get(key)
      if (loop === undefined) loops.set(key, startTargetLoop(context, job, target))
      else loop.use(job, target)
    }
    await takeTurns(targets, goOn, signal)
    applyTargetLimit()
  }

  function reportMistakes({ mistakes, mistakeReasons }: ResolvedTargets): void {
    context.metrics.mistakes.set({ scrape_job: job.name }, mistakes)
    for (const reason of mistakeReasons) {
      if (!found.mistakeReasons.has(reason)) logger.warn('a discovered target cannot be scraped', { error: reason })
    }
  }

  function applyTargetLimit(): void {
    context.metrics.targets.set({ scrape_job: job.name }, loops.size)
    const limit = job.limits.targets
    const refusal = limit > 0 && loops.size > limit ? `${loops.size} targets, limit ${limit}` : undefined
    for (const loop of loops.values()) loop.refuse(refusal)
  }

  function end(key: string, why: StopReason): void {
    const stopped = loops.get(key)?.stop(why)
    loops.delete(key)
    if (stopped === undefined) return
    ending.add(stopped)
    void stopped.finally(() => ending.delete(stopped))
  }

  function seriesNow() {
    let [series, leftOut] = [0, 0]
    for (const loop of loops.values()) {
      const one = loop.series()
      series += one.series
      leftOut += one.leftOut
    }
    return { series, limit: budget.limit, leftOut }
  }

  return {
    job: () => job,
    loops: () => [...loops.values()],
    dropped: () => found.dropped,
    counts: () => ({ dropped: found.droppedCount, otherShards: found.otherShards }),
    series: seriesNow,
    use: (next) => {
      job = next
      connections.use(job.http)
      void discovery.stop()
      for (const loop of loops.values()) loop.use(job, loop.target())
      discovery = startDiscovery()
    },
    refresh: () => {
      for (const loop of loops.values()) loop.use(job, loop.target())
    },
    stop: async (why) => {
      const discovered = discovery.stop()
      for (const key of loops.keys()) end(key, why)
      await Promise.all([discovered, ...ending])
      await connections.close()
      for (const gauge of [context.metrics.targets, context.metrics.mistakes]) gauge.remove({ scrape_job: job.name })
    },
  }
}

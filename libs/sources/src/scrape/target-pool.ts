import { errorMessage, mutableLabels, type TargetGroup } from '@clymene/model'

import { createJobConnections } from './job-connections.ts'
import type { ScrapeJob } from './job.ts'
import type { JobContext, ScrapeContext } from './scrape-context.ts'
import { startTargetLoop, type StopReason, type TargetLoop } from './target-loop.ts'
import { type DroppedTarget, resolveTarget, type Target } from './target.ts'

export type TargetPool = {
  readonly job: () => ScrapeJob
  readonly loops: () => readonly TargetLoop[]
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

/** Discovers and scrapes the targets of one job. */
export function startTargetPool(shared: ScrapeContext, firstJob: ScrapeJob): TargetPool {
  let job = firstJob
  const connections = createJobConnections(shared.dispatcher, firstJob.http)
  const context: JobContext = { ...shared, connections }
  const loops = new Map<string, TargetLoop>()
  const ending = new Set<Promise<void>>()
  let dropped: readonly DroppedTarget[] = []
  let discovery = startDiscovery()
  const logger = context.logger.child({ job: job.name })

  /** Until every discoverer has spoken once, or has had its time, nothing is taken for gone: a reload must not tear gaps. */
  function startDiscovery() {
    const stopping = new AbortController()
    const groups = new Map<string, TargetGroup>()
    const silent = new Set(job.discoverers.keys())
    const patience = setInterval(() => {
      // One whose server is away says what it finds when that is back.
      for (const index of silent) if (job.discoverers[index]?.waits?.() !== true) silent.delete(index)
      if (silent.size > 0) return
      clearInterval(patience)
      changed()
    }, PATIENCE_MS).unref()
    let lastSync = -Infinity
    let timer: NodeJS.Timeout | undefined

    /** At once when the last time is long enough ago, else once at the end of that time. */
    function changed(): void {
      if (timer !== undefined || stopping.signal.aborted) return
      const wait = lastSync + context.syncIntervalMs - performance.now()
      timer = setTimeout(
        () => {
          timer = undefined
          lastSync = performance.now()
          sync(groups, silent.size === 0)
        },
        Math.max(wait, 0),
      )
    }

    const runs = job.discoverers.map(async (discoverer, index) => {
      const update = (changes: readonly TargetGroup[]): void => {
        for (const group of changes) {
          const key = `${index}/${group.source}`
          if (group.targets.length === 0) groups.delete(key)
          else groups.set(key, group)
        }
        silent.delete(index)
        changed()
      }
      try {
        await discoverer.run(update, stopping.signal)
      } catch (error) {
        if (!stopping.signal.aborted) logger.error('discovery ended; its targets stay as they are', { error: errorMessage(error) })
      }
    })
    if (silent.size === 0) changed()
    return {
      stop: async (): Promise<void> => {
        stopping.abort(new DOMException('the job is no longer scraped', 'AbortError'))
        clearInterval(patience)
        clearTimeout(timer)
        await Promise.all(runs)
      },
    }
  }

  function sync(groups: ReadonlyMap<string, TargetGroup>, complete: boolean): void {
    const found = new Map<string, Target>()
    const refused: DroppedTarget[] = []
    for (const group of groups.values()) {
      for (const labels of group.targets) {
        const target = resolveTarget(job, mutableLabels(group, labels))
        if ('reason' in target) refused.push(target)
        else if (!found.has(target.key)) found.set(target.key, target)
      }
    }
    reportMistakes(refused)
    dropped = refused
    for (const [key, target] of found) {
      const loop = loops.get(key)
      if (loop === undefined) loops.set(key, startTargetLoop(context, job, target))
      else loop.use(job, target)
    }
    if (complete) for (const key of loops.keys()) if (!found.has(key)) end(key, 'gone')
    applyTargetLimit()
  }

  function reportMistakes(refused: readonly DroppedTarget[]): void {
    const known = new Set(dropped.map(({ reason }) => reason))
    const mistakes = refused.filter(({ mistake }) => mistake)
    context.metrics.mistakes.set({ scrape_job: job.name }, mistakes.length)
    for (const reason of new Set(mistakes.map((one) => one.reason))) {
      if (!known.has(reason)) logger.warn('a discovered target cannot be scraped', { error: reason })
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

  return {
    job: () => job,
    loops: () => [...loops.values()],
    dropped: () => dropped,
    counts: () => ({ dropped: dropped.length, otherShards: 0 }),
    series: () => ({ series: [...loops.values()].reduce((sum, loop) => sum + loop.series().series, 0), limit: 0, leftOut: 0 }),
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

/** How long the first answer of a discoverer may take before targets that it does not name are taken for gone, unless it waits for a server. */
const PATIENCE_MS = 30_000

import { errorMessage, type Logger, type TargetGroup } from '@clymene/model'

import type { ScrapeJob } from './job.ts'

export type GroupWatch = { readonly stop: () => Promise<void> }

export type GroupChange = {
  /** All groups that are known, by a name that is unique in the job. Always the same map: the next change is in it before it is told. */
  readonly groups: ReadonlyMap<string, TargetGroup>
  /** Every discoverer has said what there is: what is in no group is gone. */
  readonly complete: boolean
}

export type GroupWatchOptions = {
  readonly syncIntervalMs: number
  readonly logger: Logger
  /** One at a time; not started again before it resolves. */
  readonly changed: (change: GroupChange, signal: AbortSignal) => Promise<void>
}

/**
 * Runs the discoverers of a job and tells of changes, at most once an interval. Until every discoverer has said what there is, or has
 * had its time, nothing is taken for gone: a reload must not tear gaps.
 */
export function watchGroups(
  { discoverers }: Pick<ScrapeJob, 'discoverers'>,
  { syncIntervalMs, logger, changed }: GroupWatchOptions,
): GroupWatch {
  const stopping = new AbortController()
  const groups = new Map<string, TargetGroup>()
  const silent = new Set(discoverers.keys())
  const patience = setInterval(() => {
    // One whose server is away says what it finds when that is back.
    for (const index of silent) hear(index)
    if (silent.size > 0) return
    clearInterval(patience)
    plan()
  }, PATIENCE_MS).unref()
  let lastSync = -Infinity
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> | undefined

  function hear(index: number): void {
    if (discoverers[index]?.waits?.() !== true) silent.delete(index)
  }

  /** At once when the last time is long enough ago, else once at the end of that time. */
  function plan(): void {
    if (timer !== undefined || stopping.signal.aborted) return
    timer = setTimeout(tell, Math.max(lastSync + syncIntervalMs - performance.now(), 0))
  }

  function tell(): void {
    timer = undefined
    if (telling !== undefined) {
      void telling.then(plan)
      return
    }
    lastSync = performance.now()
    telling = changed({ groups, complete: silent.size === 0 }, stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.error('discovered targets could not be taken over', { error: errorMessage(error) })
      })
      .then(() => {
        telling = undefined
      })
  }

  const runs = discoverers.map(async (discoverer, index) => {
    const update = (changes: readonly TargetGroup[]): void => {
      for (const group of changes) {
        const key = `${index}/${group.source}`
        if (group.targets.length === 0) groups.delete(key)
        else groups.set(key, group)
      }
      hear(index)
      plan()
    }
    try {
      await discoverer.run(update, stopping.signal)
    } catch (error) {
      if (!stopping.signal.aborted) logger.error('discovery ended; its targets stay as they are', { error: errorMessage(error) })
    }
  })
  if (silent.size === 0) plan()
  return {
    stop: async () => {
      stopping.abort(new DOMException('the job is no longer scraped', 'AbortError'))
      clearInterval(patience)
      clearTimeout(timer)
      await Promise.all([...runs, telling])
    },
  }
}

/** How long the first answer of a discoverer may take before targets that it does not name are taken for gone. */
const PATIENCE_MS = 30_000

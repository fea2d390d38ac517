import { errorMessage, type Logger } from '@clymene/model'

import type { FileMetrics } from './metrics.ts'

/** What a target is known by from one search to the next. */
export type SearchedTarget = { readonly job: { readonly name: string }; readonly glob: { readonly pattern: string } }

/** What could not be looked at or opened while files were searched for: each is told once while it lasts. */
export type SearchTroubles = {
  /** A search begins. */
  readonly search: () => void
  /** It is over: what it did not meet again is over too. */
  readonly searched: () => void
  readonly add: (target: SearchedTarget, path: string, error: unknown, message: string) => void
  /** Why files of a target are not collected as of the last search: the first reason, and how many more there are. */
  readonly of: (job: string, pattern: string) => string | undefined
}

export function createSearchTroubles(logger: Logger, metrics: Pick<FileMetrics, 'errors'>): SearchTroubles {
  /** Reasons by target and path. */
  let known = new Map<string, Map<string, string>>()
  let met = new Map<string, Map<string, string>>()
  return {
    search: () => {
      met = new Map()
    },
    searched: () => {
      known = met
    },
    add: ({ job, glob }, path, error, message) => {
      const key = keyOf(job.name, glob.pattern)
      const reason = errorMessage(error)
      const reasons = met.get(key) ?? new Map<string, string>()
      if (reasons.has(path)) return
      met.set(key, reasons.set(path, reason))
      if (known.get(key)?.get(path) === reason) return
      metrics.errors.inc()
      logger.warn(message, { path, job: job.name, error: reason })
    },
    of: (job, pattern) => {
      const reasons = known.get(keyOf(job, pattern))
      const [first] = reasons?.values() ?? []
      if (reasons === undefined || first === undefined) return undefined
      return reasons.size === 1 ? first : `${first}, and ${reasons.size - 1} more`
    },
  }
}

const keyOf = (job: string, pattern: string): string => `${job}\n${pattern}`

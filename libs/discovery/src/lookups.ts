import { setTimeout as sleep } from 'node:timers/promises'

import { RetryableError, type Logger, type TargetGroup } from '@clymene/model'
import { createOnceIn, retry } from '@clymene/runtime'

import type { AnswerLimits } from './answer-limits.ts'
import { DiscoveryError } from './discovery-error.ts'
import type { DiscoveryMetrics } from './discovery-metrics.ts'
import { changedGroups, groupsByName, type Groups } from './group-changes.ts'

export type LookupContext = {
  readonly logger: Logger
  readonly lookups: DiscoveryMetrics
  readonly answerLimits: AnswerLimits
}

export type LookupsOptions = {
  /** `http`, `dns`, …: for logs and metrics. */
  readonly kind: string
  readonly update: (groups: readonly TargetGroup[]) => void
  readonly context: LookupContext
}

/** One repeated question. `T` is the answer. */
export type Question<T> = {
  /** Which part of the groups its answer is about: a name, a service. */
  readonly part: string
  /** Who is asked for what, without secrets. */
  readonly peer: string
  /** Questions begin at most this often. */
  readonly intervalMs: number
  /** @throws RetryableError */
  readonly ask: (signal: AbortSignal) => Promise<T>
  /** Equal for answers that mean the same: what was taken once is not read again. Default: every answer is read. */
  readonly fingerprint?: (answer: T) => string
  /** What the answer means; undefined: nothing new. @throws RetryableError when it cannot be taken */
  readonly groups: (answer: T) => readonly TargetGroup[] | undefined
}

export type Lookups = {
  /** Holds back the first update until this part was answered or failed. */
  readonly expect: (part: string) => void
  /** Asks until there is an answer, or the signal aborts. */
  readonly once: <T>(question: Question<T>, signal: AbortSignal) => Promise<void>
  /** Asks until the signal aborts, then resolves. Failures keep what is known, are counted, told once a minute, and tried again. */
  readonly follow: <T>(question: Question<T>, signal: AbortSignal) => Promise<void>
  /** The groups of this part are gone. */
  readonly forget: (part: string) => void
  /** Something that is asked for was never told: whoever knows of it may be away. */
  readonly waits: () => boolean
  /** The last failure of a part that has not been answered since. */
  readonly trouble: () => string | undefined
  readonly close: () => void
}

const COMPLAIN_EVERY_MS = 60_000

/**
 * The questions of one running discoverer. The first update holds all that could be learned at the start, those after it only what
 * differs.
 */
export function openLookups({ kind, update, context: { logger, lookups, answerLimits } }: LookupsOptions): Lookups {
  const { state, close } = lookups.open(kind)
  const known = new Map<string, Groups>()
  const taken = new Map<string, string>()
  const expected = new Set<string>()
  /** Never answered so far. */
  const unanswered = new Set<string>()
  const complain = createOnceIn(COMPLAIN_EVERY_MS)
  const troubles = new Map<string, string>()
  let begun = false
  let closed = false

  const tell = (changes: readonly TargetGroup[]): void => {
    if (closed) return
    if (begun) {
      if (changes.length > 0) update(changes)
      return
    }
    // What failed is not taken for gone: nothing is said before something is known.
    if (expected.size > 0 || known.size === 0) return
    begun = true
    update([...known.values()].flatMap((groups) => [...groups.values()]))
  }

  const take = (part: string, groups: readonly TargetGroup[]): void => {
    const before = known.get(part) ?? new Map<string, TargetGroup>()
    const targets = state.targets - countTargets(before.values()) + countTargets(groups)
    if (targets > answerLimits.targets)
      throw new DiscoveryError('limit', `${targets} targets, more than the ${answerLimits.targets} of --discovery.max-targets`)
    const after = groupsByName(groups)
    state.targets = targets
    known.set(part, after)
    expected.delete(part)
    unanswered.delete(part)
    tell(changedGroups(before, after))
  }

  const failed = (part: string, peer: string, error: RetryableError): void => {
    const reason = error instanceof DiscoveryError ? error.reason : 'answer'
    troubles.set(part, `cannot look up targets of ${peer}: ${error.message}`)
    lookups.failure(kind, error.status === undefined ? reason : String(error.status))
    complain(`${reason} ${error.status}`, (heldBack) => {
      const more = heldBack > 0 ? { heldBack } : {}
      const level = error.needsOperator || reason === 'limit' ? 'error' : 'warn'
      logger[level](`cannot look up targets of ${peer}, those that are known stay: ${error.message}`, { discovery: kind, ...more })
    })
    expected.delete(part)
    tell([])
  }

  const once = async <T>({ part, peer, intervalMs, ask, groups, fingerprint }: Question<T>, signal: AbortSignal): Promise<void> => {
    const [minMs, last] = answerLimits.backoffMs
    const backoff = { minMs, maxMs: Math.max(minMs, Math.min(last, intervalMs)), attempts: Infinity }
    const attempt = async (): Promise<void> => {
      const answer = await ask(signal)
      signal.throwIfAborted()
      const print = fingerprint?.(answer)
      if (print === undefined || taken.get(part) !== print) {
        const found = groups(answer)
        if (found !== undefined) take(part, found)
        if (print !== undefined) taken.set(part, print)
      }
      lookups.success(kind)
      troubles.delete(part)
      state.heardMs = performance.now()
    }
    try {
      const onFailure = (error: RetryableError): void => {
        if (!signal.aborted) failed(part, peer, error)
      }
      await retry(attempt, { backoff, onFailure }, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  return {
    expect: (part) => {
      expected.add(part)
      unanswered.add(part)
    },
    once,
    follow: async (question, signal) => {
      while (!signal.aborted) {
        const askedMs = performance.now()
        await once(question, signal)
        await sleep(Math.max(askedMs + question.intervalMs - performance.now(), 0), undefined, { signal }).catch(() => undefined)
      }
    },
    forget: (part) => {
      const before = known.get(part)
      known.delete(part)
      taken.delete(part)
      troubles.delete(part)
      expected.delete(part)
      unanswered.delete(part)
      if (before !== undefined) state.targets -= countTargets(before.values())
      tell(changedGroups(before ?? new Map(), new Map()))
    },
    trouble: () => [...troubles.values()].at(-1),
    waits: () => !closed && (!begun || unanswered.size > 0),
    close: () => {
      closed = true
      close()
    },
  }
}

function countTargets(groups: Iterable<TargetGroup>): number {
  let count = 0
  for (const { targets } of groups) count += targets.length
  return count
}

import { setTimeout as sleep } from 'node:timers/promises'

import { isExpired } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import type { Json } from './json.ts'
import { listPages } from './list-pages.ts'
import { randomWithin, reasonOf, retryAfterOf, type WatchLimits } from './mirror.ts'
import { readWatch, type WatchEvent } from './watch-events.ts'
import { selectorQuery, watchQuery } from './watch-request.ts'

export type Change<T> = { readonly type: 'LISTED' | 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }

export type Changes<T> = {
  /** In the order of the server; those of a list in no order. */
  readonly changes: readonly Change<T>[]
  /** What is reached with them; undefined in the middle of a list. */
  readonly version: string | undefined
  /** Of the list that they are part of. */
  readonly listVersion?: string
}

export type ChangeFeedOptions<T> = {
  readonly api: ApiServer
  readonly path: string
  readonly fieldSelector: string
  readonly read: (object: Json) => T
  /** The version to go on from; '' begins with a list of everything. */
  readonly from: string
  readonly limits: WatchLimits
  /** The server was heard. */
  readonly heard: () => void
  readonly restarted: (reason: 'timeout' | 'failure' | 'expired') => void
  /** A failure that will be tried again; how many like it came in a row, this one included. */
  readonly failed: (error: unknown, repeats: number) => void
  /** An object that is too large came and is passed over. */
  readonly leftOut: () => void
}

/**
 * Every change of some objects, from a version on, and again everything in a list where the server has forgotten what came after it. Keeps
 * nothing of them. Goes on through every failure and ends when the signal aborts; who does not take what is yielded is waited for.
 */
export async function* followChanges<T extends { readonly version: string }>(
  options: ChangeFeedOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<Changes<T>> {
  const { api, path, read, limits, heard, restarted, leftOut } = options
  const selectors = selectorQuery({ labelSelector: '', fieldSelector: options.fieldSelector })
  const [firstMs, lastMs] = limits.backoffMs
  const pause = createPause(options)
  let version = options.from
  /** In a row, without a watch between them that stood. */
  let expiries = 0

  async function* list(): AsyncGenerator<Changes<T>> {
    for await (const page of listPages(api, { path, selectors, maxPageBytes: limits.pageBytes }, signal)) {
      heard()
      const changes = page.items.map((item) => ({ type: 'LISTED', object: read(item) }) as const)
      yield { changes, version: page.isLast ? page.version : undefined, listVersion: page.version }
    }
  }
  async function* watch(): AsyncGenerator<Changes<T>> {
    const body = await api.get(path, watchQuery(selectors, version, randomWithin(limits.watchSeconds)), signal)
    heard()
    for await (const events of readWatch(body, read, limits.objectBytes)) {
      heard()
      if (events.some(({ type }) => type === 'TOO LARGE')) leftOut()
      yield { changes: events.filter(isChange), version: events.reduce(reached, version) }
    }
  }

  while (!signal.aborted) {
    const began = performance.now()
    const isList = version === ''
    try {
      for await (const step of isList ? list() : watch()) {
        version = step.version ?? version
        if (!isList) expiries = 0
        if (expiries <= 1 && step.version !== undefined) pause.reset()
        yield step
      }
      if (isList) continue
      restarted('timeout')
      // No news is good news, and all that there is of resources that the server keeps no cache of, as events: they have no bookmarks.
      expiries = 0
      pause.reset()
      // A server that ends every watch at once would be asked without a pause.
      if (performance.now() - began < firstMs) await sleep(Math.random() * firstMs, undefined, { signal }).catch(() => undefined)
    } catch (error) {
      if (signal.aborted) return
      if (isExpired(error) && version !== '') {
        version = ''
        expiries = performance.now() - began >= lastMs ? 1 : expiries + 1
        restarted('expired')
        // What was just listed and is too old already is a server that lags: it is given time.
        if (expiries === 1 && retryAfterOf(error) === 0) continue
      }
      await pause.after(error, signal)
    }
  }
}

const isChange = <T>(event: WatchEvent<T>): event is Extract<WatchEvent<T>, { object: T }> => 'object' in event

const reached = <T extends { readonly version: string }>(before: string, event: WatchEvent<T>): string =>
  event.type === 'TOO LARGE' ? before : event.type === 'BOOKMARK' ? event.version : event.object.version

/** Waits after failures, longer after more of them. */
function createPause({ limits, failed, restarted }: Pick<ChangeFeedOptions<never>, 'limits' | 'failed' | 'restarted'>) {
  const [firstMs, lastMs] = limits.backoffMs
  /** In a row, and how many of them like the last. */
  let failures = 0
  let repeats = 0
  let lastReason = ''
  return {
    reset: () => {
      failures = 0
    },
    after: async (error: unknown, signal: AbortSignal): Promise<void> => {
      const reason = reasonOf(error)
      repeats = failures > 0 && reason === lastReason ? repeats + 1 : 1
      lastReason = reason
      failures++
      restarted('failure')
      failed(error, repeats)
      const waitMs = Math.max(retryAfterOf(error), Math.random() * Math.min(firstMs * 2 ** (failures - 1), lastMs))
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    },
  }
}

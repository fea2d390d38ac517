import { setTimeout as sleep } from 'node:timers/promises'

import { errorMessage } from '@clymene/model'

import { ApiError, isExpired, isInvalid, isRefusal } from './api-error.ts'
import type { ApiServer } from './api-server.ts'
import { listPages } from './list-pages.ts'
import { createReplica, NoStreamingList } from './replica.ts'
import { RESOURCES, type KubernetesObject } from './resources.ts'
import { createTurns } from './turns.ts'
import { readWatch, type WatchEvent } from './watch-events.ts'
import type { WatchMetrics } from './watch-metrics.ts'
import { selectionPath, selectorQuery, watchQuery, type Selection } from './watch-request.ts'

export type MirrorLimits = WatchLimits & {
  /** A server that sends no end of the streaming list and nothing else for so long does not know streaming lists. */
  readonly listSilenceMs: number
}

export type WatchLimits = {
  readonly objectBytes: number
  readonly pageBytes: number
  /** Waits after failures in a row: from the first doubling to the last, each with full jitter. */
  readonly backoffMs: readonly [first: number, last: number]
  /** A watch is asked to end after a random time within these, seconds. */
  readonly watchSeconds: readonly [shortest: number, longest: number]
}

export const MIRROR_LIMITS: MirrorLimits = {
  objectBytes: 16 * 1024 * 1024,
  pageBytes: 256 * 1024 * 1024,
  backoffMs: [1000, 30_000],
  watchSeconds: [300, 600],
  listSilenceMs: 30_000,
}

export type MirrorOptions = {
  readonly api: ApiServer
  readonly selection: Selection
  readonly limits: MirrorLimits
  readonly metrics: WatchMetrics
  /** Objects that changed or are gone; also called with none when `synced`, `failing` or `refused` changes. */
  readonly changed: (keys: readonly string[]) => void
  /** A failure that will be tried again; how many like it came in a row, this one included. */
  readonly failed: (error: unknown, repeats: number) => void
  /** An object that is too large came. */
  readonly leftOut: () => void
}

export type Mirror = {
  /** Follows the server until the signal aborts. What is known stays known through every failure. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly objects: () => ReadonlyMap<string, KubernetesObject>
  /** Whether everything was listed once. */
  readonly synced: () => boolean
  /** Whether the last attempt failed. */
  readonly failing: () => boolean
  /** Whether it did because the server does not let or understand it, rather than is away. */
  readonly refused: () => boolean
  /** When the server was heard last, by performance.now(). */
  readonly heardMs: () => number | undefined
}

/** A copy of some objects of the cluster: listed, then kept up to date by a watch. */
export function createMirror({ api, selection, limits, metrics, changed, failed, leftOut }: MirrorOptions): Mirror {
  const { resource } = selection
  const { read } = RESOURCES[resource]
  const [path, selectors] = [selectionPath(selection), selectorQuery(selection)]
  const replica = createReplica()
  /** In a row, and how many of them like the last. */
  let failures = 0
  let repeats = 0
  let lastReason = ''
  let wasRefused = false
  /** In a row, without a watch between them that stood. */
  let expiries = 0
  let heardMs: number | undefined
  let streams = true

  /** A list is no sign of it while each one is followed by an expiry. */
  const allIsWell = (): void => {
    if (expiries <= 1) failures = 0
  }

  const list = async (signal: AbortSignal): Promise<void> => {
    replica.beginList()
    const turn = createTurns()
    const request = { path, selectors, maxPageBytes: limits.pageBytes }
    for await (const { items, version, isLast } of listPages(api, request, signal)) {
      for (const item of items) {
        replica.listed(read(item))
        await turn()
      }
      if (!isLast) continue
      heardMs = performance.now()
      allIsWell()
      changed(replica.endList(version))
    }
  }

  /** Resolves when the server ends the watch, as it was asked to. */
  const watch = async (stop: AbortSignal): Promise<void> => {
    const silence = new AbortController()
    const signal = AbortSignal.any([stop, silence.signal])
    replica.beginWatch()
    let patience: NodeJS.Timeout | undefined
    try {
      const query = watchQuery(selectors, replica.version(), randomWithin(limits.watchSeconds))
      const body = await api.get(path, query, signal)
      // From the headers on: a request that waits for its turn at the server says nothing about what the server knows.
      if (replica.isListing()) patience = setTimeout(() => silence.abort(new NoStreamingList()), limits.listSilenceMs)
      for await (const events of readWatch(body, read, limits.objectBytes)) {
        heardMs = performance.now()
        const wasListing = replica.isListing()
        if (wasListing) patience?.refresh()
        const keys = events.flatMap(take)
        // A list that is not whole may break off again and again: it is no sign that all is well.
        if (replica.isListing()) continue
        clearTimeout(patience)
        const isNews = wasListing || failures > 0 || keys.length > 0
        if (!wasListing) expiries = 0
        allIsWell()
        if (isNews) changed(keys)
      }
      if (replica.isListing()) throw new Error('the list broke off')
    } catch (error) {
      if (silence.signal.aborted && !stop.aborted) throw silence.signal.reason
      throw error
    } finally {
      clearTimeout(patience)
    }
  }

  const take = (event: WatchEvent): readonly string[] => {
    metrics.event(resource, EVENT_NAMES[event.type])
    if (event.type === 'TOO LARGE') {
      metrics.failure(resource, 'too large')
      leftOut()
    }
    return replica.take(event)
  }

  const fail = async (error: unknown, signal: AbortSignal): Promise<void> => {
    const reason = reasonOf(error)
    repeats = failures > 0 && reason === lastReason ? repeats + 1 : 1
    lastReason = reason
    wasRefused = isRefusal(error)
    failures++
    metrics.failure(resource, reason)
    metrics.restart(resource, 'failure')
    failed(error, repeats)
    changed([])
    const [first, last] = limits.backoffMs
    await sleep(Math.max(retryAfterOf(error), Math.random() * Math.min(first * 2 ** (failures - 1), last)), undefined, { signal })
  }

  /** One list or watch to its end. True when the next may follow at once. */
  const once = async (signal: AbortSignal): Promise<boolean> => {
    const began = performance.now()
    const from = replica.version()
    try {
      if (from === '' && !streams) {
        await list(signal)
        return true
      }
      await watch(signal)
      metrics.restart(resource, 'timeout')
      const stoodMs = performance.now() - began
      // No news is good news: the version that this watch began or stood with is one that the server has.
      if (from !== '' || stoodMs >= limits.backoffMs[1]) {
        expiries = 0
        allIsWell()
      }
      // A server that ends every watch at once would be asked without a pause.
      return stoodMs >= limits.backoffMs[0]
    } catch (error) {
      if (signal.aborted) return false
      if (error instanceof NoStreamingList || (from === '' && streams && isInvalid(error))) {
        streams = false
        return true
      }
      if (isExpired(error) && replica.version() !== '') {
        const stood = from !== '' && performance.now() - began >= limits.backoffMs[1]
        expiries = stood ? 1 : expiries + 1
        replica.expire()
        metrics.restart(resource, 'expired')
        // What was just listed and is too old already, or not there yet, is a server that lags: it is given time.
        if (expiries === 1 && retryAfterOf(error) === 0) return true
      }
      throw error
    }
  }

  return {
    run: async (signal) => {
      while (!signal.aborted) {
        try {
          const mayFollow = await once(signal)
          if (!mayFollow && !signal.aborted) await sleep(Math.random() * limits.backoffMs[0], undefined, { signal })
        } catch (error) {
          if (!signal.aborted) await fail(error, signal).catch(() => undefined)
        }
      }
    },
    objects: replica.objects,
    synced: replica.synced,
    failing: () => failures > 0,
    refused: () => failures > 0 && wasRefused,
    heardMs: () => heardMs,
  }
}

const EVENT_NAMES = { ADDED: 'add', MODIFIED: 'update', DELETED: 'delete', BOOKMARK: 'bookmark', 'TOO LARGE': 'error' } as const

export const randomWithin = ([shortest, longest]: readonly [number, number]): number =>
  Math.round(shortest + Math.random() * (longest - shortest))

export const retryAfterOf = (error: unknown): number => (error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0)

/** Few different words: they are values of a label. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return String(error.status)
  return errorMessage(error).startsWith('cannot read') ? 'file' : 'connection'
}

import { hash } from 'node:crypto'

import type { Change } from '@clymene/discovery'

import type { PodTerminations, Termination } from './read-terminations.ts'

/** The newest ends that were told, for whoever goes on from here; everything that ended up to the floor counts as told. */
export type ToldTerminations = {
  readonly floorNs: bigint
  /** Short hashes of their ids, and when they ended. */
  readonly ended: readonly (readonly [id: string, finishedNs: bigint])[]
}

export type TerminationNews = {
  /** The ends in the status of a pod that were not told yet. Says so once. */
  readonly newsOf: (change: Change<PodTerminations>) => readonly Termination[]
  /** A list of all pods is whole: those that are not in it are gone. */
  readonly endList: () => void
  /** Pods that are known. */
  readonly size: () => number
}

const NONE: readonly string[] = []

/** Every status of a pod tells the last ends again: what is new in it, of pods that are known and, by `told`, of those that are not. */
export function createTerminationNews(told: Pick<TerminationsTold, 'has'>): TerminationNews {
  const known = new Map<string, readonly string[]>()
  let listed = new Set<string>()

  return {
    newsOf: ({ type, object: { uid, terminations } }) => {
      const before = known.get(uid)
      const ids = terminations.map(({ id }) => id)
      if (type === 'LISTED') listed.add(uid)
      if (type === 'DELETED') known.delete(uid)
      else known.set(uid, ids.length === 0 ? NONE : ids)
      if (before !== undefined) return terminations.filter(({ id }) => !before.includes(id))
      // Before a pod was added nothing of it can have been told, whatever its node's clock says.
      return terminations.filter((one) => !told.has(one, type === 'ADDED'))
    },
    endList: () => {
      for (const uid of known.keys()) if (!listed.has(uid)) known.delete(uid)
      listed = new Set()
    },
    size: () => known.size,
  }
}

export type TerminationsTold = {
  /** @param byIdOnly whatever the floor is */
  readonly has: (termination: Termination, byIdOnly?: boolean) => boolean
  readonly add: (termination: Termination) => void
  readonly snapshot: () => ToldTerminations
}

/** Remembered over restarts; they travel in an annotation, so they are few. */
const MOST = 500

export function createTerminationsTold(before: ToldTerminations, most: number = MOST): TerminationsTold {
  let { floorNs } = before
  const ended = new Map(before.ended)
  return {
    has: ({ id, finishedNs }, byIdOnly = false) => ended.has(shortHash(id)) || (!byIdOnly && finishedNs <= floorNs),
    add: ({ id, finishedNs }) => {
      ended.set(shortHash(id), finishedNs)
      if (ended.size <= most) return
      const [oldest = ['', 0n] as const] = [...ended].toSorted(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0))
      ended.delete(oldest[0])
      if (oldest[1] > floorNs) floorNs = oldest[1]
    },
    snapshot: () => ({ floorNs, ended: [...ended] }),
  }
}

/** 54 bits. */
const shortHash = (id: string): string => hash('sha256', id, 'base64url').slice(0, 9)

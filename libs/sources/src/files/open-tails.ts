import { errorCode } from '@clymene/model'

import { type Place } from './siblings.ts'
import type { Tail } from './tail.ts'

/** The files that are being read, by job, and the descriptors that they take. */
export type OpenTails = {
  /** Counts a file until it is closed. `open` is tried again after quiet files have given their descriptors back. */
  readonly open: (job: string, open: () => Tail) => Tail
  /** Opens a file again that gave its descriptor back. False when another is at the path. */
  readonly reopen: (tail: Tail, path: string) => boolean
  readonly has: (job: string, place: Place) => boolean
  readonly count: () => number
  readonly descriptors: () => number
}

/** Of the open files so many give their descriptors back at once, when one is needed. */
const REST_SHARE = 8

/** @param restable files that may give their descriptor back, any order. */
export function createOpenTails(maxOpenFiles: number, restable: () => Iterable<Tail>): OpenTails {
  const tails = new Map<string, Tail>()
  let max = maxOpenFiles
  const descriptors = (): number => [...tails.values()].reduce((sum, tail) => sum + (tail.resting() ? 0 : 1), 0)
  let open = 0

  const makeRoom = (): void => {
    if (open < max) return
    // Files rest and are closed without a word: only now it matters how many are open.
    open = descriptors()
    if (open < max) return
    const quiet = [...restable()].map((tail) => ({ tail, modifiedNs: tail.modifiedNs() }))
    quiet.sort((a, b) => (a.modifiedNs < b.modifiedNs ? -1 : 1))
    for (const { tail } of quiet.slice(0, Math.ceil(max / REST_SHARE))) tail.rest()
    open = descriptors()
  }
  const withRoom = <T>(act: () => T): T => {
    makeRoom()
    open++
    try {
      return act()
    } catch (error) {
      open--
      if (errorCode(error) !== 'EMFILE' && errorCode(error) !== 'ENFILE') throw error
      // Others take descriptors too.
      max = Math.max(1, Math.min(max, descriptors()) - 1)
      open = max
      makeRoom()
      return act()
    }
  }
  return {
    open: (job, opening) => {
      const opened = withRoom(opening)
      const key = keyOf(job, opened)
      const tail: Tail = {
        ...opened,
        close: () => {
          if (tails.get(key) === tail) tails.delete(key)
          opened.close()
        },
      }
      tails.set(key, tail)
      return tail
    },
    reopen: (tail, path) => withRoom(() => tail.reopen(path)),
    has: (job, place) => tails.has(keyOf(job, place)),
    count: () => tails.size,
    descriptors,
  }
}

const keyOf = (job: string, { device, inode }: Place): string => `${device}:${inode}\n${job}`

import { errorCode } from '@clymene/model'

import { type Place } from './siblings.ts'
import type { Tail } from './tail.ts'

/** The files that are being read, by job, and the descriptors that they take. */
export type OpenTails = {
  /** Counts a file until it is closed. A file that follows a rotated one is opened whatever the bound: the one before waits for it. */
  readonly open: (job: string, open: () => Tail) => Tail
  /** Before a further path is followed. @throws an error with the code EMFILE while too many files are open and none of them is quiet */
  readonly needRoom: () => void
  /** Opens a file again that gave its descriptor back. False when another is at the path. @throws as `needRoom` */
  readonly reopen: (tail: Tail, path: string) => boolean
  readonly has: (job: string, place: Place) => boolean
  readonly count: () => number
  readonly descriptors: () => number
  /** Lets quiet files give their descriptors back when too many are open. */
  readonly rest: () => void
}

/** Of the open files so many give their descriptors back at once, when one is needed. */
const REST_SHARE = 8

/** While many files are found at once so many times as many may be open, until they are quiet. */
const BURST = 2

const noDescriptor = (max: number): Error =>
  Object.assign(new Error(`more than ${max} files are open and none of them is quiet`), { code: 'EMFILE' })

/** @param restable files that may give their descriptor back, any order. */
export function createOpenTails(maxOpenFiles: number, restable: () => Iterable<Tail>): OpenTails {
  const tails = new Map<string, Tail>()
  let max = maxOpenFiles
  const descriptors = (): number => [...tails.values()].reduce((sum, tail) => sum + (tail.resting() ? 0 : 1), 0)
  let open = 0

  const rest = (): void => {
    if (open <= max) return
    // Files rest and are closed without a word: only now it matters how many are open.
    open = descriptors()
    if (open <= max) return
    const quiet = [...restable()].filter((tail) => !tail.resting()).map((tail) => ({ tail, modifiedNs: tail.modifiedNs() }))
    quiet.sort((a, b) => (a.modifiedNs < b.modifiedNs ? -1 : 1))
    for (const { tail } of quiet.slice(0, open - max + Math.ceil(max / REST_SHARE))) tail.rest()
    open = descriptors()
  }
  const needRoom = (): void => {
    if (open >= max * BURST) rest()
    if (open >= max * BURST) throw noDescriptor(max)
  }
  const counted = <T>(act: () => T): T => {
    try {
      const done = act()
      open++
      return done
    } catch (error) {
      // Others take descriptors too.
      if (errorCode(error) === 'EMFILE') {
        max = Math.max(1, Math.floor(open / BURST))
        rest()
      }
      throw error
    }
  }
  return {
    open: (job, opening) => {
      const opened = counted(opening)
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
    reopen: (tail, path) => {
      needRoom()
      return counted(() => tail.reopen(path))
    },
    needRoom,
    has: (job, place) => tails.has(keyOf(job, place)),
    count: () => tails.size,
    descriptors,
    rest,
  }
}

const keyOf = (job: string, { device, inode }: Place): string => `${device}:${inode}\n${job}`

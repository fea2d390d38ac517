import { readFileSync, statSync } from 'node:fs'

import { errorCode } from '@clymene/model'

/** Content of a file that is replaced while the process runs: a token, a certificate. */
export type FollowedFile = {
  readonly path: string
  /** What it holds now; the same Buffer until the file changes. @throws Error naming the path, never the content */
  readonly read: () => Buffer
}

/** How old an answer may be. A request a millisecond must not be a system call a millisecond. */
const LOOK_EVERY_MS = 1000

/** Looks at a file at most once a second, and reads it again when it was changed or replaced. The first read opens it. */
export function followFile(path: string, now: () => number = Date.now): FollowedFile {
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let stamp = ''
  let content = Buffer.alloc(0)
  return {
    path,
    read: () => {
      if (now() - lookedAtMs < LOOK_EVERY_MS) return content
      try {
        // Mounted secrets are links that are switched: what the path leads to now counts.
        const { mtimeMs, size, ino } = statSync(path)
        const seen = `${mtimeMs} ${size} ${ino}`
        if (seen !== stamp) content = readFileSync(path)
        stamp = seen
        lookedAtMs = now()
        return content
      } catch (error) {
        throw new Error(`cannot read ${path}: ${errorCode(error) || 'unknown error'}`, { cause: error })
      }
    },
  }
}

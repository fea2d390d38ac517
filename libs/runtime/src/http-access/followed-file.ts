import { readFileSync, statSync } from 'node:fs'

import { errorCode } from '@clymene/model'

/** Content of a file that is replaced while the process runs: a token, a certificate. */
export type FollowedFile = {
  readonly path: string
  /** What it holds now; the same Buffer until the content changes. @throws Error naming the path, never the content */
  readonly read: () => Buffer
}

/** How old an answer may be. A request a millisecond must not be a system call a millisecond. */
const LOOK_EVERY_MS = 1000
/** The largest list of authorities is a quarter of a megabyte. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * Looks at a file at most once a second. The first read opens it. The content decides, not the times of the file: two of them may have
 * the same size within one tick of the clock, and 20 µs a second are no price.
 *
 * @param now milliseconds of a clock that never goes back.
 */
export function followFile(path: string, now: () => number = () => performance.now()): FollowedFile {
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let content: Buffer = Buffer.alloc(0)
  return {
    path,
    read: () => {
      if (now() - lookedAtMs < LOOK_EVERY_MS) return content
      // Mounted secrets are links that are switched: what the path leads to now counts.
      const found = readWhole(path)
      if (!found.equals(content)) content = found
      lookedAtMs = now()
      return content
    },
  }
}

function readWhole(path: string): Buffer {
  let refusal: string
  try {
    const stat = statSync(path)
    // A pipe or device might never end.
    if (stat.isFile() && stat.size <= MAX_BYTES) return readFileSync(path)
    refusal = stat.isFile() ? `it has ${stat.size} bytes, expected at most ${MAX_BYTES}` : 'it is not a file'
  } catch (error) {
    const code = errorCode(error)
    throw new Error(`cannot read ${path}: ${READ_ERRORS[code] ?? (code || 'unknown error')}`, { cause: error })
  }
  throw new Error(`cannot read ${path}: ${refusal}`)
}

const READ_ERRORS: Readonly<Record<string, string>> = { ENOENT: 'no such file', EACCES: 'no permission to read it' }

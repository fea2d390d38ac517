import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** How long a JVM may take to end when it writes down its classes: on a busy machine they take longer than the server. */
export const ARCHIVED_WITHIN_MS = 120_000

/**
 * Classes as a JVM loaded them, which a run leaves at its end: later starts with the same jars at the same paths take half the CPU time.
 * It is a help, no need: where a run left none, each later installation tries once more, until it looks as if this machine makes none.
 */
export type ClassArchive = {
  readonly isMissing: () => boolean
  /** Rejects when the run fails or leaves no archive. */
  readonly make: () => Promise<void>
}

/** @param run starts with this option what is to be archived, and ends it in its own order. */
export function classArchiveAt(path: string, run: (option: string) => Promise<void>): ClassArchive {
  const [scratch, tries] = [`${path}.making`, `${path}.tries`]
  const tried = (): number => (existsSync(tries) ? Number(readFileSync(tries, 'utf8')) : 0)
  return {
    isMissing: () => !existsSync(path) && tried() < MOST_TRIES,
    make: async () => {
      rmSync(scratch, { force: true })
      // Before the run: one that never comes back counts as well.
      writeFileSync(tries, String(tried() + 1))
      await run(`-XX:ArchiveClassesAtExit=${scratch}`)
      if (!existsSync(scratch)) throw new Error('the JVM left no archive of its classes')
      renameSync(scratch, path)
      rmSync(tries)
    },
  }
}

const MOST_TRIES = 3

import type { BatchHandler } from '@clymene/model'
import { aborted } from '@clymene/runtime'

/**
 * One call for several storages in one group: each writes all of the batch, side by side, and a message is committed when all of
 * them have it. So the slowest holds up the others, by one body each: nobody begins the next before the last is committed.
 */
export function inOneGroup(handlers: readonly BatchHandler[]): BatchHandler {
  return async (batch, signal) => {
    const failed = new AbortController()
    const stop = AbortSignal.any([signal, failed.signal])
    const commits = batch.commit && jointCommits(handlers.length, batch.commit, stop)
    let holders = handlers.length
    const release = (): void => {
      if (--holders === 0) batch.release?.()
    }
    const outcomes = await Promise.allSettled(
      handlers.map(async (handle, index) => {
        try {
          await handle({ ...batch, release, ...(commits === undefined ? {} : { commit: (count) => commits.reach(index, count) }) }, stop)
          commits?.finish(index)
        } catch (error) {
          failed.abort(error)
          throw error
        }
      }),
    )
    signal.throwIfAborted()
    if (failed.signal.aborted) throw failed.signal.reason
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}

/** Commits what all have reached. */
function jointCommits(members: number, commit: (count: number) => Promise<void>, stop: AbortSignal) {
  const reached = Array.from({ length: members }, () => 0)
  let committed = 0
  let advanced = Promise.withResolvers<void>()
  const stopped = aborted(stop).then(() => stop.throwIfAborted())
  stopped.catch(() => undefined)

  const advance = async (): Promise<void> => {
    const count = Math.min(...reached)
    // When all have finished the bus commits the rest itself.
    if (count === Infinity || count <= committed) return
    await commit(count)
    if (count <= committed) return
    committed = count
    const { resolve } = advanced
    advanced = Promise.withResolvers()
    resolve()
  }

  return {
    /** Resolves when so many of the batch are committed. @throws the reason of the stop. */
    reach: async (index: number, count: number): Promise<void> => {
      reached[index] = count
      await advance()
      while (committed < count) await Promise.race([advanced.promise, stopped])
    },
    finish: (index: number): void => {
      reached[index] = Infinity
      // A commit never rejects: the signal tells when the partition is lost.
      void advance()
    },
  }
}

import type { LateLines } from './late-lines.ts'
import type { FollowedPathOptions } from './path-options.ts'
import type { Tail } from './tail.ts'

/** Files of a path that are cut where they stand, as copytruncate does, and the copies of what they had. */
export type CutFiles = {
  /** A file was cut: what it had is read in its copy, where there is one, and then it from its start. */
  readonly cut: (tail: Tail) => void
  /** Before anything is read: looks at the files whose turn has not come, which may be cut meanwhile. */
  readonly look: () => void
}

export type CutFilesOptions = Pick<FollowedPathOptions, 'job' | 'path' | 'reader' | 'files' | 'metrics' | 'logger'> & {
  /** Files in the order of reading; copies are put among them. */
  readonly tails: Tail[]
  readonly late: Pick<LateLines, 'remove' | 'tails'>
  readonly advance: () => void
}

export function createCutFiles({ job, path, reader, files, metrics, logger, tails, late, advance }: CutFilesOptions): CutFiles {
  /** Files that were cut and had nothing when they were looked at since: times when they had been written to last, before and after, nanoseconds since the epoch. */
  const fresh = new Map<Tail, { readonly sinceNs: bigint; readonly seenNs: bigint }>()
  const all = (): readonly Tail[] => [...late.tails(), ...tails]

  const cut = (tail: Tail): void => {
    metrics.truncations.inc()
    const { copy, later } = files.copyOf(path, tail, all())
    const again = files.again(tail)
    fresh.delete(tail)
    fresh.set(again, { sinceNs: tail.modifiedNs(), seenNs: 0n })
    const place = late.remove(tail) ? 0 : tails.indexOf(tail)
    tails.splice(place, tails[place] === tail ? 1 : 0, ...(copy === undefined ? [] : [copy]), ...later, again)
    logger.info('file was cut, reading it from the start', { path, job, copied: copy !== undefined })
    if (copy === undefined) reader.flush(tail.cursor)
    else advance()
  }
  return {
    cut,
    look: () => {
      for (const tail of tails.slice(1)) if (tail.look() === 'cut') cut(tail)
      for (const [tail, { sinceNs, seenNs }] of fresh) {
        if (!tails.includes(tail)) fresh.delete(tail)
        else if (tail.look() === 'cut') cut(tail)
        else if (tail.size() > 0 || tail.modifiedNs() !== seenNs) {
          // What begins it is known from here on. Before, it may have been written, copied and cut again without a trace but its time.
          tails.splice(tails.indexOf(tail), 0, ...files.since(path, sinceNs, all()))
          fresh.set(tail, { sinceNs, seenNs: tail.modifiedNs() })
          if (tail.size() > 0) fresh.delete(tail)
        }
      }
    },
  }
}

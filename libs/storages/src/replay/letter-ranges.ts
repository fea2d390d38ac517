import type { LetterRange } from '@clymene/ledger'
import type { Origin } from '@clymene/model'

/** Where a letter stands on its dead-letter topic. */
export type LetterPlace = Pick<Origin, 'partition' | 'offset' | 'timestampMs'>

export type LetterRanges = {
  readonly has: (place: LetterPlace) => boolean
  /** `previous`: the letter right before it in its partition, of those that are asked for here; a range goes on over all that lies between. */
  readonly add: (place: LetterPlace, previous: LetterPlace | undefined) => void
  readonly list: () => readonly LetterRange[]
}

/** A set of letters of one storage, as ranges of their offsets: most of the time one or two a partition. */
export function createLetterRanges(initial: readonly LetterRange[] = []): LetterRanges {
  const byPartition = new Map<number, LetterRange[]>()
  for (const range of initial) rangesOf(range.partition).push(range)

  function rangesOf(partition: number): LetterRange[] {
    const known = byPartition.get(partition)
    if (known !== undefined) return known
    const made: LetterRange[] = []
    byPartition.set(partition, made)
    return made
  }

  const indexOf = ({ partition, offset, timestampMs }: LetterPlace): number =>
    rangesOf(partition).findLastIndex(
      ({ from, to, minMs, maxMs }) => from <= offset && offset < to && minMs <= timestampMs && timestampMs <= maxMs,
    )

  return {
    has: (place) => indexOf(place) >= 0,
    add: (place, previous) => {
      if (indexOf(place) >= 0) return
      const { partition, offset, timestampMs } = place
      const ranges = rangesOf(partition)
      const at = previous === undefined || previous.offset >= offset ? -1 : indexOf(previous)
      const before = ranges[at]
      if (before === undefined) ranges.push({ partition, from: offset, to: offset + 1n, minMs: timestampMs, maxMs: timestampMs })
      else
        ranges[at] = {
          ...before,
          to: offset >= before.to ? offset + 1n : before.to,
          minMs: Math.min(before.minMs, timestampMs),
          maxMs: Math.max(before.maxMs, timestampMs),
        }
    },
    list: () => [...byPartition.values()].flat(),
  }
}

import type { Tail } from './tail.ts'

type Read = Pick<Tail, 'acknowledged'> & { readonly cursor: Pick<Tail['cursor'], 'offset'> }

/** Since when a path may have lines that were not handed over. While it is written there always are some: those count, not the last silence. */
export type CaughtUp = {
  /** The path was looked at. `isEnd`: all that its files have was read; `settled`: and acknowledged. */
  readonly looked: (nowMs: number, files: readonly Read[], at: { readonly isEnd: boolean; readonly settled: boolean }) => void
  /** All that there was at this time has been handed over; milliseconds. */
  readonly atMs: () => number
}

export function createCaughtUp(startedMs: number): CaughtUp {
  let atMs = startedMs
  /** When the ends of all files were read, and where they were then: when that is acknowledged, what came before was handed over. */
  let mark: { readonly ms: number; readonly ends: readonly { readonly file: Read; readonly offset: number }[] } | undefined
  const advance = (): void => {
    if (mark === undefined || !mark.ends.every(({ file, offset }) => file.acknowledged().offset >= offset)) return
    atMs = mark.ms
    mark = undefined
  }
  return {
    looked: (nowMs, files, { isEnd, settled }) => {
      // Of a file that was cut no more is acknowledged.
      if (mark?.ends.every(({ file }) => files.includes(file)) === false) mark = undefined
      advance()
      if (!isEnd) return
      if (settled) atMs = nowMs
      else mark ??= { ms: nowMs, ends: files.map((file) => ({ file, offset: file.cursor.offset })) }
    },
    atMs: () => {
      advance()
      return atMs
    },
  }
}

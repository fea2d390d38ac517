import type { LineReader } from './line-reader.ts'
import type { Tail } from './tail.ts'

/** Files that were read to their end after a rotation, and are watched a while for lines that come late. */
export type LateLines = {
  readonly add: (tail: Tail, nowMs: number) => void
  readonly read: (buffer: Buffer, nowMs: number) => void
  readonly remove: (tail: Tail) => boolean
  readonly tails: () => readonly Tail[]
}

export type LateLinesOptions = {
  readonly reader: LineReader
  readonly lingerMs: number
  /** Lines were taken, or acknowledged. */
  readonly advance: () => void
  readonly onCut: (tail: Tail) => void
  /** All of it was handed over, and it is not watched any more. */
  readonly onOver: (tail: Tail, nowMs: number) => void
}

export function createLateLines({ reader, lingerMs, advance, onCut, onOver }: LateLinesOptions): LateLines {
  const until = new Map<Tail, number>()

  const readOne = (tail: Tail, untilMs: number, buffer: Buffer, nowMs: number): void => {
    const outcome = tail.read(reader, buffer, true)
    if (outcome === 'cut') return onCut(tail)
    const came = outcome === 'some' || outcome === 'end'
    if (came) until.set(tail, nowMs + lingerMs)
    if (!tail.settled()) return advance()
    if (came || nowMs < untilMs) return
    until.delete(tail)
    onOver(tail, nowMs)
  }
  return {
    add: (tail, nowMs) => void until.set(tail, tail.complete ? nowMs : nowMs + lingerMs),
    read: (buffer, nowMs) => {
      for (const [tail, untilMs] of until) readOne(tail, untilMs, buffer, nowMs)
    },
    remove: (tail) => until.delete(tail),
    tails: () => [...until.keys()],
  }
}

/** The numbers of one key, agent and epoch that came. */
export type SequenceRun = {
  readonly epoch: number
  lowest: number
  highest: number
  /** Highest number of the epoch before, when one was known. */
  before: number | undefined
  /** Ranges between lowest and highest that did not come: first and last number of each, one after the other, rising. */
  readonly missing: number[]
  /** Of messages that came in pieces, the newest ones: the positions that came. */
  cuts: Map<number, number[]> | undefined
}

/** Ranges kept. Over it the oldest is given up: its numbers stay missing, and one that comes late all the same looks like a repeat. */
const KEPT_RANGES = 64
/** Cut messages whose pieces are told apart, and pieces of each: 64 MiB in pieces of 64 KiB. */
const KEPT_CUTS = 8
const KEPT_PIECES = 1024

export const newRun = (epoch: number, sequence: number, before: number | undefined): SequenceRun => ({
  epoch,
  lowest: sequence,
  highest: sequence,
  before,
  missing: [],
  cuts: undefined,
})

/** Numbers between the epoch before and this one. Numbers that began anew jump over none. */
export const jumpedOf = ({ before, lowest }: SequenceRun): number => (before !== undefined && lowest > before ? lowest - before - 1 : 0)

/** Did the message come before? A piece of a cut message did when its position did. */
export function hasNumber(run: SequenceRun, sequence: number, position: number | undefined): boolean {
  if (sequence < run.lowest || sequence > run.highest || rangeOf(run, sequence) !== undefined) return false
  const pieces = position === undefined ? undefined : run.cuts?.get(sequence)
  return pieces === undefined || position === undefined || pieces.includes(position)
}

/**
 * Takes in a number.
 *
 * @returns by how much the missing ones changed; undefined when the number had come before.
 */
export function addNumber(run: SequenceRun, sequence: number): number | undefined {
  const { missing, lowest, highest } = run
  if (sequence > highest) {
    if (sequence > highest + 1) missing.push(highest + 1, sequence - 1)
    run.highest = sequence
    keepNewest(missing)
    return sequence - highest - 1
  }
  if (sequence < lowest) {
    if (sequence < lowest - 1) missing.unshift(sequence + 1, lowest - 1)
    run.lowest = sequence
    keepNewest(missing)
    return lowest - sequence - 1
  }
  const at = rangeOf(run, sequence)
  if (at === undefined) return undefined
  const [from = 0, to = 0] = missing.slice(at, at + 2)
  missing.splice(at, 2, ...(from < sequence ? [from, sequence - 1] : []), ...(sequence < to ? [sequence + 1, to] : []))
  keepNewest(missing)
  return -1
}

/** Remembers which piece of the message came. */
export function addPiece(run: SequenceRun, sequence: number, position: number): void {
  const cuts = (run.cuts ??= new Map<number, number[]>())
  const pieces = cuts.get(sequence)
  if (pieces !== undefined) {
    if (pieces.length < KEPT_PIECES) pieces.push(position)
    return
  }
  cuts.set(sequence, [position])
  const [oldest] = cuts.keys()
  if (cuts.size > KEPT_CUTS && oldest !== undefined) cuts.delete(oldest)
}

function rangeOf({ missing }: SequenceRun, sequence: number): number | undefined {
  for (let at = missing.length - 2; at >= 0; at -= 2) {
    if (sequence > (missing[at + 1] ?? 0)) return undefined
    if (sequence >= (missing[at] ?? 0)) return at
  }
  return undefined
}

function keepNewest(missing: number[]): void {
  if (missing.length > KEPT_RANGES * 2) missing.splice(0, missing.length - KEPT_RANGES * 2)
}

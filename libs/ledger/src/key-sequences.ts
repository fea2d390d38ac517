import type { EnvelopeHeaders } from '@clymene/model'

import { addNumber, addPiece, hasNumber, jumpedOf, newRun, type SequenceRun } from './sequence-run.ts'

/** The number that a sender gave to a message. */
export type MessageNumber = { readonly epoch: number; readonly sequence: number; readonly position: number | undefined }

export function numberOf({ agent, epoch, sequence, position }: EnvelopeHeaders): MessageNumber | undefined {
  return agent === undefined || agent === '' || epoch === undefined || sequence === undefined ? undefined : { epoch, sequence, position }
}

/** The numbers of one key and agent, epoch by epoch, oldest first; one of all those of the agent. */
export type KeySequences = {
  readonly runs: SequenceRun[]
  readonly key: string
  readonly siblings: Map<string, KeySequences>
  /** When the roster saw it last. */
  seen: number
}

/** Adds a key to those of an agent. */
export function newSequences(siblings: Map<string, KeySequences>, key: string, runs: SequenceRun[] = []): KeySequences {
  const sequences = { runs, key, siblings, seen: 0 }
  siblings.set(key, sequences)
  return sequences
}

/** Told of each change of an epoch's counts. */
export type CountNumbers = (epoch: number, distinct: number, missing: number, jumped: number) => void

/** Epochs kept of a key: what an agent had buffered before its last restarts comes with the numbers of then. */
const KEPT_RUNS = 4

/** Did a message with this number come before? */
export function hasCome({ runs }: Pick<KeySequences, 'runs'>, { epoch, sequence, position }: MessageNumber): boolean {
  const run = runs.find((one) => one.epoch === epoch)
  return run !== undefined && hasNumber(run, sequence, position)
}

/**
 * Takes in the number of a message.
 *
 * @returns whether it had come before: then it is a repeat, and nothing is counted.
 */
export function noteNumber(sequences: KeySequences, { epoch, sequence, position }: MessageNumber, count: CountNumbers): boolean {
  const { runs } = sequences
  const at = runs.findIndex((one) => one.epoch >= epoch)
  const known = runs[at]
  if (known?.epoch !== epoch) {
    beginRun(sequences, at === -1 ? runs.length : at, epoch, sequence, count)
  } else {
    if (hasNumber(known, sequence, position)) return true
    const jumped = jumpedOf(known)
    const missing = addNumber(known, sequence)
    if (missing !== undefined) count(epoch, 1, missing, jumpedOf(known) - jumped)
    follow(runs[at + 1], known, count)
  }
  if (position !== undefined) addTo(runs, epoch, sequence, position)
  return false
}

/** `at`: where it stands among the others. One that is older than all that are kept is counted, but not kept. */
function beginRun({ runs }: KeySequences, at: number, epoch: number, sequence: number, count: CountNumbers): void {
  const run = newRun(epoch, sequence, runs[at - 1]?.highest)
  count(epoch, 1, 0, jumpedOf(run))
  if (at === 0 && runs.length >= KEPT_RUNS) return
  runs.splice(at, 0, run)
  follow(runs[at + 1], run, count)
  if (runs.length > KEPT_RUNS) runs.shift()
}

/** The numbers of the epoch after it go on from the highest of this one, also when that came late. */
function follow(next: SequenceRun | undefined, run: SequenceRun, count: CountNumbers): void {
  if (next === undefined || next.before === run.highest) return
  const jumped = jumpedOf(next)
  next.before = run.highest
  const change = jumpedOf(next) - jumped
  if (change !== 0) count(next.epoch, 0, 0, change)
}

function addTo(runs: readonly SequenceRun[], epoch: number, sequence: number, position: number): void {
  const run = runs.find((one) => one.epoch === epoch)
  if (run !== undefined) addPiece(run, sequence, position)
}

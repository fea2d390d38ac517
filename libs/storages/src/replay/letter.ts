import type { BusRecord, Envelope, Origin } from '@clymene/model'

import { readNote, withoutNote, type LetterNote } from '../delivery/letter-headers.ts'
import { unwrapLetter } from '../delivery/wrapped-letter.ts'

/** A dead letter as it is read back, whole again if it went in parts. */
export type Letter = {
  /**
   * Where it stands on the dead-letter topic; in parts, where the last of them came. So places of a partition rise in the order in which
   * letters are read, and what lies between two of them are no letters that come later.
   */
  readonly place: Origin
  readonly note: LetterNote
  /** The message, or the piece of one, that was refused: its bytes and headers. */
  readonly message: Envelope
  /** How many messages of the dead-letter topic it takes. */
  readonly parts: number
}

/** Undefined when the message is no dead letter. */
export function letterOf(record: BusRecord): Letter | undefined {
  const { kind, key, value, headers, extra, origin } = unwrapLetter(record)
  const note = readNote(extra, headers, origin.timestampMs)
  if (note === undefined) return undefined
  const further = withoutNote(extra)
  return { place: origin, note, message: { kind, key, value, headers, ...(further === undefined ? {} : { extra: further }) }, parts: 1 }
}

/** Samples or entries of a letter, as far as somebody counted them. */
export const recordsIn = ({ message }: Letter): number => message.headers.records ?? 0

/** `clymene/2/17`: where the message stood that the letter is of; that of the letter itself when it did not pass a bus. */
export function placeText({ note, place }: Letter): string {
  const { topic, partition, offset } = note.origin ?? place
  return `${topic}/${partition}/${offset}`
}

/** In the order of the messages that the letters are of, which the storage wants to have them in. */
export function compareLetters(a: Letter, b: Letter): number {
  const [first, second] = [a.note.origin ?? a.place, b.note.origin ?? b.place]
  if (first.topic !== second.topic) return first.topic < second.topic ? -1 : 1
  if (first.partition !== second.partition) return first.partition - second.partition
  if (first.offset !== second.offset) return first.offset < second.offset ? -1 : 1
  return a.note.position - b.note.position
}

import type { BusRecord, Kind } from '@clymene/model'

/** What came of a message in one storage. */
export const OUTCOMES = ['stored', 'repeatedInBus', 'repeatedInStorage', 'deadLetter'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A message that is done with. */
export type Settlement = {
  readonly record: BusRecord
  readonly outcome: Outcome
  /** Samples or entries that the storage has. */
  readonly records: number
  /** Samples or entries that are on the dead-letter topic. */
  readonly refused: number
}

/** Whose book it is: a partition as one storage reads it. */
export type BookPlace = {
  readonly kind: Kind
  readonly storage: string
  readonly group: string
  readonly topic: string
  readonly partition: number
}

/** What a message that is only read again is taken for: nobody kept anything else of it. */
export const storedAgain = (record: BusRecord): Settlement => ({
  record,
  outcome: 'stored',
  records: record.headers.records ?? 0,
  refused: 0,
})

/** Reading the message again would not tell. */
export const isExceptional = ({ outcome, refused }: Settlement): boolean =>
  refused > 0 || outcome === 'deadLetter' || outcome === 'repeatedInStorage'

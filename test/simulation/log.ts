import type { BusRecord } from '@clymene/model'

import type { Point } from './messages.ts'

/** A message of a partition, as the judge remembers it. */
export type Message = {
  readonly record: BusRecord
  /** Undefined when nobody can read it. */
  readonly points: readonly Point[] | undefined
  isDeleted: boolean
  /** Deleted before it was read. */
  isExpired: boolean
  /** Who sent it, as which; the same one has the same however often it comes. */
  readonly number: string
}

/** `partition/offset` */
export const placeOf = ({ origin }: Pick<BusRecord, 'origin'>): string => `${origin.partition}/${origin.offset}`

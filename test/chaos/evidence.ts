import type { Kind } from '@clymene/model'

import type { StoreName } from './plan.ts'

/** One sample or line. `time` is milliseconds of samples, nanoseconds of lines, since the epoch; `value` the number or the line. */
export type Item = { readonly kind: Kind; readonly series: string; readonly time: string; readonly value: string }

/** Something that a producer numbered: no other one of its series has its value. */
export type Sent = {
  readonly kind: Kind
  readonly series: string
  readonly value: string
  /** Rises within the series. */
  readonly number: number
  /** Where the producer said it; else the agent did. */
  readonly time?: string
  /** Whether it was acknowledged: if not, it may be there or not. */
  readonly acknowledged: boolean
}

/** Series of a message that is none; its value is its bytes as text. */
export const UNREADABLE = 'unreadable'

/** Where an item stands in Kafka, and who numbered its message. */
export type Placed = Item & {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** `key epoch agent sequence position`: two messages of one identity are one that came twice. */
  readonly identity: string
}

/** `id` where the store has one. */
export type Stored = Item & { readonly id?: string }

export type DeadLetter = {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly storage: string
  readonly reason: string
  readonly items: readonly Item[]
}

export type Evidence = {
  readonly sent: readonly Sent[]
  /** Series that an agent makes by itself, as `up`: nobody numbers them, so Kafka says what there has to be. */
  readonly own: ReadonlySet<string>
  readonly kafka: readonly Placed[]
  readonly stores: Readonly<Record<StoreName, readonly Stored[]>>
  readonly deadLetters: readonly DeadLetter[]
}

export type Finding = {
  readonly what: 'lost' | 'doubled' | 'swapped' | 'invented' | 'changed' | 'dead letter' | 'ledger' | 'stuck'
  /** `Kafka`, or the store. */
  readonly where: string
  readonly text: string
}

/** What each store takes. */
export const TAKES: Readonly<Record<StoreName, readonly Kind[]>> = {
  prometheus: ['metrics'],
  loki: ['logs'],
  elasticsearch: ['metrics', 'logs'],
}

export const itemKey = ({ kind, series, time, value }: Item): string => `${kind} ${series} ${time} ${value}`

export const placeOf = ({ topic, partition, offset }: Pick<Placed, 'topic' | 'partition' | 'offset'>): string =>
  `${topic}/${partition}@${offset}`

export const describeItem = ({ series, time, value }: Omit<Item, 'kind'>): string => `${series} ${value} at ${time}`

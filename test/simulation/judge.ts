import type { PartitionAccount } from '@clymene/ledger'
import type { BusRecord, Delivery, Envelope, Origin, PartitionBatch } from '@clymene/model'

import { truthOf, unbalanced, untrue } from './books.ts'
import { placeOf, type Message } from './log.ts'
import { nameOf, pointsOf, REFUSED, type Point } from './messages.ts'
import type { Store } from './store.ts'

/** What a correct pipeline would have done with the same messages, and where this one did otherwise. */
export type Judge = {
  readonly appended: (record: BusRecord) => void
  /** Retention deletes these; `unread` are those that the group had not committed. */
  readonly expired: (partition: number, unreadFrom: number, before: number) => void
  /** A body reaches the store, before it answers. */
  readonly writes: (ingester: string, deliveries: readonly Delivery[]) => void
  /** Nobody can know whether the store has these: what it refuses as old may be taken for a repeat. */
  readonly doubts: (deliveries: readonly Delivery[]) => void
  /** The body that may have been written before this is of the same kind. */
  readonly takenOver: (batch: PartitionBatch) => void
  readonly deadLetters: (letters: readonly Envelope[]) => void
  /** The group says that it is done with these. */
  readonly committed: (partition: number, from: number, to: number) => void
  /** What was saved, and what is saved in the end. */
  readonly saved: (accounts: readonly PartitionAccount[]) => void
  readonly books: (accounts: readonly PartitionAccount[]) => void
  /** All that was found wrong. To be asked when everything is committed. */
  readonly verdict: () => readonly string[]
  readonly complain: (text: string) => void
}

export function createJudge(store: Store, maxBodyRecords: number): Judge {
  const logs = new Map<number, Message[]>()
  const problems: string[] = []
  const dead = new Set<string>()
  /** Dead letters that nobody can read, by the place of their message. */
  const deadPlaces = new Set<string>()
  /** Names of the samples of a message that are dead letters. */
  const deadByPlace = new Map<string, Set<string>>()
  /** By partition and offset: who brought a message to the store first. */
  const broughtBy = new Map<string, string>()
  const repeatedBy = new Map<string, Map<string, number>>()
  /** Each may repeat a body: a write that hung when its partition was dealt out anew may land after the next one. */
  const takeovers = new Map<number, number>()
  const complain = (text: string): void => void (problems.length < 20 && problems.push(text))

  const logOf = (partition: number): Message[] => {
    const log = logs.get(partition) ?? []
    logs.set(partition, log)
    return log
  }
  const doubtful = new Set<string>()
  const doubt = ({ partition, offset }: Origin): void => void doubtful.add(logOf(partition)[Number(offset)]?.number ?? '')
  const isSettled = (point: Point): boolean => store.has(point) || dead.has(nameOf(point))
  /** Refused as old, while nobody could know whether it was refused because it was there. */
  const isTakenForRepeat = ({ record, number }: Message, point: Point): boolean => doubtful.has(number) && isLate(record, point)
  const isLate = ({ origin: { partition, offset } }: BusRecord, { series, timestampMs }: Point): boolean =>
    store.manner !== 'elasticsearch' &&
    logOf(partition)
      .slice(0, Number(offset))
      .some(({ points = [] }) => points.some((other) => other.series === series && other.timestampMs > timestampMs))
  const unsettledOf = (message: Message): readonly string[] => {
    const { record, points } = message
    if (points === undefined) return deadPlaces.has(placeOf(record)) ? [] : [`the unreadable message at ${placeOf(record)}`]
    return points
      .filter((point) => !isSettled(point) && !isTakenForRepeat(message, point))
      .map((point) => `${nameOf(point)} of ${placeOf(record)}`)
  }

  /** Why a sample may be refused: no store takes it, or the log has a newer one of its series before it. */
  const mayBeRefused = (): ReadonlySet<string> => {
    const names = new Set<string>()
    for (const log of logs.values()) {
      const newest = new Map<string, number>()
      for (const { points = [] } of log) {
        for (const point of points) {
          const before = newest.get(point.series) ?? -Infinity
          if (point.series === REFUSED || (store.manner !== 'elasticsearch' && point.timestampMs < before)) names.add(nameOf(point))
        }
        for (const { series, timestampMs } of points) newest.set(series, Math.max(newest.get(series) ?? -Infinity, timestampMs))
      }
    }
    return names
  }

  return {
    complain,
    appended: (record) => {
      const { agent, epoch, sequence } = record.headers
      const content = record.value.toString('latin1')
      const number = agent === undefined ? placeOf(record) : `${record.key} ${agent} ${epoch} ${sequence} ${content}`
      const isReadable = record.headers.scanned === true
      logOf(record.origin.partition).push({
        record,
        points: isReadable ? pointsOf(record.value) : undefined,
        isDeleted: false,
        isExpired: false,
        number,
      })
    },
    expired: (partition, unreadFrom, before) => {
      for (const message of logOf(partition).slice(0, before)) message.isDeleted = true
      for (const message of logOf(partition).slice(unreadFrom, before)) message.isExpired = true
    },
    writes: (ingester, deliveries) => {
      const counted = new Set<string>()
      for (const { origin, headers, value } of deliveries) {
        if (origin === undefined) continue
        const place = placeOf({ origin })
        const by = broughtBy.get(place)
        const isThere = pointsOf(value).every((point) => store.has(point))
        if (by === undefined) broughtBy.set(place, ingester)
        else if (by !== ingester && isThere && !counted.has(place)) {
          counted.add(place)
          const key = `${ingester} ${origin.partition} after ${by}, takeover ${takeovers.get(origin.partition) ?? 0}`
          const repeated = repeatedBy.get(key) ?? new Map<string, number>()
          repeated.set(place, Math.max(repeated.get(place) ?? 0, headers.records ?? 0))
          repeatedBy.set(key, repeated)
        }
      }
    },
    doubts: (deliveries) => {
      for (const { origin } of deliveries) if (origin !== undefined) doubt(origin)
    },
    takenOver: ({ partition, records, repeatsBefore }) => {
      takeovers.set(partition, (takeovers.get(partition) ?? 0) + 1)
      let room = maxBodyRecords
      for (const [index, { origin, headers }] of records.entries()) {
        room -= headers.records ?? 0
        if (repeatsBefore !== undefined && origin.offset >= repeatsBefore) return
        if (index > 0 && room < 0) return
        doubt(origin)
      }
    },
    deadLetters: (letters) => {
      for (const { value, headers, extra } of letters) {
        if (headers.scanned !== true) deadPlaces.add(`${extra?.['clymene-dl-partition']}/${extra?.['clymene-dl-offset']}`)
        else {
          const place = `${extra?.['clymene-dl-partition']}/${extra?.['clymene-dl-offset']}`
          const names = deadByPlace.get(place) ?? new Set<string>()
          deadByPlace.set(place, names)
          for (const point of pointsOf(value)) {
            dead.add(nameOf(point))
            names.add(nameOf(point))
          }
        }
      }
    },
    committed: (partition, from, to) => {
      if (to < from) complain(`partition ${partition}: committed ${to} after ${from}`)
      for (const message of logOf(partition).slice(from, to)) {
        if (message.isExpired) continue
        for (const what of unsettledOf(message)) complain(`committed ${to} before it was settled: ${what}`)
      }
    },
    saved: (accounts) => {
      for (const account of accounts) for (const what of unbalanced(account)) complain(what)
    },
    books: (accounts) => {
      for (const account of accounts) {
        const { partition, upTo } = account
        const log = logOf(partition)
        if (Number(upTo) !== log.length) complain(`the book of partition ${partition} ends at ${upTo} of ${log.length}`)
        if (log.some(({ isDeleted }) => isDeleted)) continue
        for (const what of untrue(account, truthOf(log, deadByPlace))) complain(what)
      }
    },
    verdict: () => {
      for (const name of store.lost) complain(`dropped in silence: ${name}`)
      const refusable = mayBeRefused()
      const known = new Set<string>()
      for (const message of [...logs.values()].flat()) {
        for (const point of message.points ?? []) known.add(nameOf(point))
        if (!message.isExpired) for (const what of unsettledOf(message)) complain(`neither stored nor a dead letter: ${what}`)
      }
      for (const name of store.stored) if (!known.has(name)) complain(`invented: ${name}`)
      for (const name of dead) if (!refusable.has(name)) complain(`false dead letter: ${name}`)
      for (const [who, repeated] of repeatedBy) {
        const records = [...repeated.values()].reduce((sum, count) => sum + count, 0)
        if (repeated.size > 1 && records > maxBodyRecords)
          complain(`more than a body was written again by ${who}: ${[...repeated.keys()].join(' ')}`)
      }
      return problems
    },
  }
}

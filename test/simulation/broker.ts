import type { BusRecord, Envelope } from '@clymene/model'

import { EPOCH_MS, type Clock } from './clock.ts'

export const TOPIC = 'clymene'
export const SESSION_MS = 10_000
const REBALANCE_MS = 20_000
const FETCH_WAIT_MS = 2000
const LOOK_MS = 1000

export type Joined = { readonly memberId: string; readonly generationId: number; readonly partitions: readonly number[] }

export type Fetched = { readonly partition: number; readonly records: readonly BusRecord[] }

/** One topic and one group of a Kafka, as far as its answers matter for who may write and commit what. */
export type Broker = {
  readonly partitions: number
  readonly append: (partition: number, envelope: Envelope) => void
  /** Deletes messages before this offset. */
  readonly expire: (partition: number, before: number) => void
  readonly start: (partition: number) => number
  readonly end: (partition: number) => number
  /** Answers with the next messages of each partition as soon as there are any, or with none after a while. */
  readonly fetch: (from: ReadonlyMap<number, number>, count: number, answer: (found: readonly Fetched[]) => void) => void
  /** Without a group; what is not there any more is left out. */
  readonly range: (partition: number, from: number, to: number) => readonly BusRecord[]
  readonly at: (partition: number, offset: number) => BusRecord
  readonly committed: (partition: number) => number | undefined
  /** Answers when the members that are known have all joined, or those that have not were given up. */
  readonly join: (memberId: string, answer: (joined: Joined) => void) => void
  readonly leave: (memberId: string) => void
  readonly heartbeat: (memberId: string, generationId: number) => 'stable' | 'rebalancing' | 'unknown'
  /** @throws the error that the broker would name */
  readonly commit: (memberId: string, generationId: number, offsets: ReadonlyMap<number, number>) => void
  /** The brokers deal the partitions out anew for a reason of their own. */
  readonly rebalance: () => void
}

export type BrokerOptions = {
  readonly clock: Clock
  readonly partitions: number
  readonly onCommit: (partition: number, from: number, to: number) => void
}

const protocolError = (type: string): Error => Object.assign(new Error(type), { name: 'KafkaJSProtocolError', type })

export function createBroker({ clock, partitions, onCommit }: BrokerOptions): Broker {
  const logs = Array.from({ length: partitions }, (): BusRecord[] => [])
  const starts = logs.map(() => 0)
  const committed = new Map<number, number>()
  /** When each was heard of last, and how it is answered while it waits to join. */
  const members = new Map<string, { heard: number; answer: ((joined: Joined) => void) | undefined }>()
  const fetches = new Set<() => void>()
  let generationId = 0
  let isStable = false
  let epoch = 0

  const deal = (): void => {
    for (const [id, { answer }] of members) if (answer === undefined) members.delete(id)
    if (members.size === 0) return
    generationId++
    isStable = true
    epoch++
    const ids = [...members.keys()]
    for (const [index, id] of ids.entries()) {
      const member = members.get(id)!
      const { answer } = member
      member.answer = undefined
      member.heard = clock.now()
      const dealt = logs.map((_, partition) => partition).filter((partition) => partition % ids.length === index)
      answer?.({ memberId: id, generationId, partitions: dealt })
    }
  }
  const prepare = (): void => {
    if (!isStable && epoch > 0 && members.size > 0) return dealWhenAll()
    isStable = false
    const mine = ++epoch
    // Who is new may come a moment later, who is known has its time.
    clock.after(REBALANCE_MS, () => mine === epoch && !isStable && deal(), 'nobody')
    return dealWhenAll()
  }
  const dealWhenAll = (): void => {
    if (members.size > 0 && [...members.values()].every(({ answer }) => answer !== undefined)) deal()
  }
  const dropSilent = (): void => {
    for (const [id, { heard, answer }] of members)
      if (answer === undefined && clock.now() - heard > SESSION_MS) {
        members.delete(id)
        prepare()
      }
    clock.after(LOOK_MS, dropSilent, 'nobody')
  }
  dropSilent()

  return {
    partitions,
    append: (partition, envelope) => {
      const log = logs[partition]!
      const origin = { logId: 'log', topic: TOPIC, partition, offset: BigInt(log.length), timestampMs: EPOCH_MS + clock.now() }
      log.push({ ...envelope, origin })
      for (const look of fetches) look()
    },
    expire: (partition, before) => {
      starts[partition] = Math.max(starts[partition]!, Math.min(before, logs[partition]!.length))
    },
    start: (partition) => starts[partition]!,
    end: (partition) => logs[partition]!.length,
    fetch: (from, count, answer) => {
      const look = (isLast = false): void => {
        const found = [...from].flatMap(([partition, asked]): Fetched[] => {
          const first = Math.max(asked, starts[partition]!)
          const records = logs[partition]!.slice(first, first + count)
          return records.length === 0 ? [] : [{ partition, records }]
        })
        if ((found.length === 0 && !isLast) || !fetches.delete(look)) return
        cancel()
        answer(found)
      }
      fetches.add(look)
      const cancel = clock.after(FETCH_WAIT_MS, () => look(true), 'nobody')
      look()
    },
    range: (partition, from, to) => logs[partition]!.slice(Math.max(from, starts[partition]!), to),
    at: (partition, offset) => logs[partition]![offset]!,
    committed: (partition) => committed.get(partition),
    join: (memberId, answer) => {
      members.set(memberId, { heard: clock.now(), answer })
      prepare()
    },
    leave: (memberId) => {
      if (members.delete(memberId)) prepare()
    },
    heartbeat: (memberId, generation) => {
      const member = members.get(memberId)
      if (member === undefined || generation > generationId) return 'unknown'
      member.heard = clock.now()
      return isStable && generation === generationId ? 'stable' : 'rebalancing'
    },
    commit: (memberId, generation, offsets) => {
      const member = members.get(memberId)
      if (member === undefined) throw protocolError('UNKNOWN_MEMBER_ID')
      if (generation !== generationId) throw protocolError('ILLEGAL_GENERATION')
      member.heard = clock.now()
      for (const [partition, offset] of offsets) {
        onCommit(partition, committed.get(partition) ?? 0, offset)
        committed.set(partition, offset)
      }
    },
    rebalance: () => {
      if (isStable) prepare()
    },
  }
}

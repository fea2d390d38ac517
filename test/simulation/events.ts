import type { Chance } from './chance.ts'
import { PRODUCE_FAULT_NAMES, WRITE_FAULT_NAMES, type ProduceFault, type WriteFault } from './faults.ts'
import { SENDS, type Send } from './senders.ts'
import { MANNERS, type Manner } from './store.ts'

export const SLOTS = 3

/** What happens from outside, and when: leaving one out leaves the others what they are. */
export type Event = { readonly at: number } & (
  | { readonly does: 'send'; readonly sender: number; readonly what: Send; readonly count: number }
  | { readonly does: 'write fault'; readonly fault: WriteFault; readonly count: number }
  | { readonly does: 'produce fault'; readonly fault: ProduceFault; readonly count: number }
  | { readonly does: 'start' | 'kill' | 'stop'; readonly slot: number }
  | { readonly does: 'freeze' | 'cut'; readonly slot: number; readonly forMs: number }
  | { readonly does: 'rebalance' }
  | { readonly does: 'expire'; readonly partition: number; readonly keep: number }
)

export const SENDERS = 4
export const PARTITIONS = 2

export type Plan = { readonly manner: Manner; readonly maxBodyRecords: number; readonly events: readonly Event[] }

/** Most sends are what an agent does all day. */
const DAILY: readonly Send[] = ['next', 'next', 'next', 'next', 'next', 'next', 'next', 'again', 'cut', 'refused']

export function planOf(chance: Chance): Plan {
  const durationMs = chance.between(5000, 60_000)
  const moment = (): number => chance.between(0, durationMs)
  const many = <T>(most: number, make: () => T): T[] => Array.from({ length: chance.between(0, most) }, make)
  const slot = (): number => chance.between(0, SLOTS - 1)
  const sends = many(60, (): Event => {
    const what = chance.isOneIn(5) ? chance.oneOf(SENDS) : chance.oneOf(DAILY)
    return { at: moment(), does: 'send', sender: chance.between(0, SENDERS - 1), what, count: chance.between(1, 4) }
  })
  /** Any, or one at which a body is on its way. */
  const badMoment = (): number => (chance.isOneIn(2) || sends.length === 0 ? moment() : chance.oneOf(sends).at + chance.between(0, 300))
  const events: Event[] = [
    { at: 0, does: 'start', slot: 0 },
    ...sends,
    ...many(6, (): Event => ({ at: moment(), does: 'write fault', fault: chance.oneOf(WRITE_FAULT_NAMES), count: chance.between(1, 3) })),
    ...many(2, (): Event => ({
      at: moment(),
      does: 'produce fault',
      fault: chance.oneOf(PRODUCE_FAULT_NAMES),
      count: chance.between(1, 3),
    })),
    ...many(4, (): Event => ({ at: badMoment(), does: 'start', slot: slot() })),
    ...many(4, (): Event => ({ at: badMoment(), does: chance.oneOf(['kill', 'stop']), slot: slot() })),
    ...many(3, (): Event => ({ at: badMoment(), does: chance.oneOf(['freeze', 'cut']), slot: slot(), forMs: chance.between(100, 40_000) })),
    ...many(2, (): Event => ({ at: badMoment(), does: 'rebalance' })),
    ...many(1, (): Event => ({ at: moment(), does: 'expire', partition: chance.between(0, PARTITIONS - 1), keep: chance.between(0, 10) })),
  ]
  return { manner: chance.oneOf(MANNERS), maxBodyRecords: chance.between(1, 12), events: events.toSorted((a, b) => a.at - b.at) }
}

export function describeEvent({ at, does, ...rest }: Event): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)
  return `${String(at).padStart(6)} ms  ${[does, ...fields].join(' ')}`
}

import type { AgentAccount, PartitionAccount } from '@clymene/ledger'

import { placeOf, type Message } from './log.ts'

const COUNTS = ['stored', 'repeatedInBus', 'repeatedInStorage', 'deadLetters'] as const

const sumOf = (agents: readonly AgentAccount[], what: 'messages' | 'records', counts: readonly (typeof COUNTS)[number][]): number =>
  agents.reduce((sum, agent) => sum + counts.reduce((part, count) => part + agent[count][what], 0), 0)

/** Every message before `upTo` stands in exactly one count. */
export function unbalanced({ partition, from, upTo, agents, expired, unattributed }: PartitionAccount): readonly string[] {
  const counted = sumOf(agents, 'messages', COUNTS) + expired + unattributed
  const all = Number(upTo) - Number(from)
  return counted === all ? [] : [`the book of partition ${partition} counts ${counted} of the ${all} messages from ${from} to ${upTo}`]
}

type Truth = {
  readonly again: number
  /** At least, and at most: of what came again a member that has lost its partition may have made dead letters where the next one wrote nothing. */
  readonly refused: readonly [least: number, most: number]
}

/** What the log and the dead letters say themselves, of a partition that nothing was deleted of. */
export function truthOf(log: readonly Message[], deadByPlace: ReadonlyMap<string, ReadonlySet<string>>): Truth {
  const seen = new Set<string>()
  let again = 0
  let [least, most] = [0, 0]
  for (const { record, number } of log) {
    const refused = deadByPlace.get(placeOf(record))?.size ?? 0
    if (seen.has(number)) again++
    else least += refused
    most += refused
    seen.add(number)
  }
  return { again, refused: [least, most] }
}

export function untrue(
  { partition, agents, unattributed, expired }: PartitionAccount,
  { again, refused: [least, most] }: Truth,
): readonly string[] {
  const found: string[] = []
  const compare = (what: string, booked: number, real: number): void => {
    if (booked !== real) found.push(`the book of partition ${partition} has ${booked} ${what}, in truth ${real}`)
  }
  compare('that came into the bus again', sumOf(agents, 'messages', ['repeatedInBus']), again)
  const refused = sumOf(agents, 'records', ['deadLetters'])
  compare('refused samples', refused, Math.min(Math.max(refused, least), most))
  compare('unattributed', unattributed, 0)
  compare('expired', expired, 0)
  return found
}

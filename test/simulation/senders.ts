import type { Envelope } from '@clymene/model'

import type { Chance } from './chance.ts'
import { garbageOf, messageOf, REFUSED, type Point } from './messages.ts'

/** What a sender does next. */
export const SENDS = ['next', 'again', 'skip', 'late', 'other epoch', 'cut', 'refused', 'foreign', 'garbage'] as const
export type Send = (typeof SENDS)[number]

/** One key of the topic, with an agent that numbers and, where wanted, a sender that does not. */
export type Sender = {
  readonly partition: number
  readonly send: (what: Send) => readonly Envelope[]
}

/** An agent has one message on its way: what it sends again is what it sent last. */
const LAST_KEPT = 3

export function createSender(name: string, partition: number, chance: Chance): Sender {
  let epoch = 1
  let sequence = 0
  let time = 1000
  let foreignTime = 1000
  let garbage = 0
  let last: readonly Envelope[] = []
  const skipped: Envelope[] = []

  const points = (): readonly Point[] => {
    time += chance.between(1, 3)
    return Array.from({ length: chance.between(1, 3) }, (_, index) => ({
      series: `${name}${index}`,
      timestampMs: time,
      value: time + index / 10,
    }))
  }
  const numbered = (list: readonly Point[], more: { readonly position?: number } = {}): Envelope =>
    messageOf(name, list, { agent: name, cluster: 'c', epoch, sequence, ...more })
  const next = (): Envelope => {
    sequence++
    return numbered(points())
  }
  const ways: Readonly<Record<Send, () => readonly Envelope[]>> = {
    next: () => [next()],
    again: () => last,
    skip: () => {
      skipped.push(next())
      return [next()]
    },
    late: () => skipped.splice(0, 1),
    'other epoch': () => {
      epoch++
      return [next()]
    },
    cut: () => {
      sequence++
      const [first, second] = [points(), points()]
      return [numbered(first, { position: 0 }), numbered(second, { position: first.length })]
    },
    refused: () => {
      sequence++
      const list = points()
      return [numbered([...list.slice(0, 1), { series: REFUSED, timestampMs: time, value: time }, ...list.slice(1)])]
    },
    foreign: () => {
      foreignTime += chance.between(0, 2)
      return [messageOf(`${name}-foreign`, [{ series: `${name}f`, timestampMs: foreignTime, value: foreignTime }])]
    },
    garbage: () => [garbageOf(name, ++garbage)],
  }
  return {
    partition,
    send: (what) => {
      const sent = ways[what]()
      if (what !== 'again' && what !== 'late' && what !== 'foreign' && what !== 'garbage') last = [...last, ...sent].slice(-LAST_KEPT)
      return sent
    },
  }
}

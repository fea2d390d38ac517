import type { EnvelopeHeaders } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { newBookState, openBook, reportOfBook } from './book.ts'
import { storedAgain } from './outcome.ts'
import { createRoster } from './roster.ts'
import { createFakeLog } from './testing/fake-log.ts'

function open(limits: { readonly maxAgents: number; readonly maxKeys: number }) {
  const roster = createRoster(limits)
  const open1 = (partition: number) => {
    const log = createFakeLog('t', partition)
    const book = openBook(newBookState({ kind: 'metrics', storage: 's', group: 'g', topic: 't', partition }, 0n), roster)
    return {
      book,
      take: (agent: string, sequence: number, more: EnvelopeHeaders = {}, key = agent) =>
        book.settle(storedAgain(log.append({ cluster: 'c', agent, epoch: 1, sequence, ...more }, key))),
      /** `cluster/agent stored distinct`, a line an agent. */
      lines: () =>
        reportOfBook(book.state)
          .agents.map(
            ({ cluster, agent, stored, epochs }) =>
              `${cluster}/${agent} ${stored.messages} ${epochs.reduce((sum, one) => sum + one.distinct, 0)}`,
          )
          .toSorted(),
    }
  }
  return { roster, books: [open1(0), open1(1)] as const }
}

describe('room for agents', () => {
  test('over the limit the one that was silent longest goes on under no name, its counts stay', () => {
    const { roster, books } = open({ maxAgents: 2, maxKeys: 100 })
    const [one] = books
    one.take('a', 1)
    one.take('b', 1)
    one.take('a', 2)
    one.take('d', 1)
    expect(one.lines()).toEqual(['c/ 1 1', 'c/a 2 2', 'c/d 1 1'])
    one.take('b', 2)
    expect(one.lines()).toEqual(['c/ 3 3', 'c/b 1 1', 'c/d 1 1'])
    expect([roster.agents(), roster.keys(), roster.forgotten()]).toEqual([2, 2, 2])
  })

  test('it is forgotten in all books', () => {
    const { books } = open({ maxAgents: 1, maxKeys: 100 })
    const [one, other] = books
    one.take('a', 1)
    other.take('a', 1)
    other.take('b', 1)
    expect([one.lines(), other.lines()]).toEqual([['c/ 1 1'], ['c/ 1 1', 'c/b 1 1']])
  })

  test('there are no more clusters than agents: the one that was silent longest is nobody', () => {
    const { roster, books } = open({ maxAgents: 2, maxKeys: 100 })
    const [one] = books
    for (const cluster of ['c1', 'c2', 'c3', 'c4']) one.take('', 0, { cluster })
    expect(one.lines()).toEqual(['/ 2 0', 'c3/ 1 0', 'c4/ 1 0'])
    expect(roster.forgotten()).toBe(2)
  })

  test('any number of agents and clusters: nothing is lost from the counts', () => {
    const { roster, books } = open({ maxAgents: 3, maxKeys: 4 })
    const [one] = books
    for (let index = 0; index < 1000; index++) one.take(`a${index % 17}`, index, { cluster: `c${index % 23}` }, `k${index % 29}`)
    const { agents } = reportOfBook(one.book.state)
    expect(agents.reduce((sum, { stored, repeatedInBus }) => sum + stored.messages + repeatedInBus.messages, 0)).toBe(1000)
    expect(agents.length).toBeLessThanOrEqual(3 + 3 + 1)
    expect([roster.agents() <= 3, roster.keys() <= 4]).toEqual([true, true])
  })

  test('over the limit of keys the numbers of one are forgotten, and count anew', () => {
    const { roster, books } = open({ maxAgents: 10, maxKeys: 2 })
    const [one] = books
    for (const key of ['k1', 'k2', 'k3']) one.take('a', 1, {}, key)
    expect([one.take('a', 1, {}, 'k3'), one.take('a', 1, {}, 'k1')]).toEqual(['repeatedInBus', 'stored'])
    expect(roster.keys()).toBe(2)
  })

  test('a book that is closed leaves its room', () => {
    const { roster, books } = open({ maxAgents: 10, maxKeys: 10 })
    const [one, other] = books
    one.take('a', 1)
    one.take('', 1)
    other.take('a', 1)
    one.book.close()
    expect([roster.agents(), roster.keys()]).toEqual([1, 1])
    other.book.close()
    expect([roster.agents(), roster.keys()]).toEqual([0, 0])
  })

  test('names that look alike when they are joined are two', () => {
    const { books } = open({ maxAgents: 10, maxKeys: 10 })
    const [one] = books
    one.take('b', 1, { cluster: 'ca' })
    one.take('ab', 1, { cluster: 'c' })
    one.take('__proto__', 1, { cluster: '__proto__' })
    expect(one.lines()).toHaveLength(3)
  })
})

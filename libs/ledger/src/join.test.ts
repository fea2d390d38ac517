import { describe, expect, test } from 'vitest'

import type { AgentAccount, LedgerReport, PartitionAccount, SenderAccount } from './account.ts'
import { joinLedgers, type LedgerFilter } from './join.ts'

const NONE = { messages: 0, records: 0 }
const count = (messages: number) => ({ messages, records: messages * 10 })

const sender = (more: Partial<SenderAccount> = {}): SenderAccount => ({
  kind: 'metrics',
  cluster: 'c1',
  agent: 'n1',
  to: 'gateway',
  epoch: 100,
  sent: 10,
  acknowledged: 10,
  buffered: 0,
  dropped: 0,
  unanswered: 0,
  ...more,
})

const agent = (stored: number, more: Partial<AgentAccount> = {}): AgentAccount => ({
  cluster: 'c1',
  agent: 'n1',
  stored: count(stored),
  repeatedInBus: NONE,
  repeatedInStorage: NONE,
  deadLetters: NONE,
  epochs: [{ epoch: 100, distinct: stored, missing: 0, jumped: 0 }],
  ...more,
})

const epochs = (distinct: number, missing = 0): Partial<AgentAccount> => ({ epochs: [{ epoch: 100, distinct, missing, jumped: 0 }] })

function book(agents: readonly AgentAccount[], more: Partial<PartitionAccount> = {}): PartitionAccount {
  const counts = agents.flatMap(({ stored, repeatedInBus, repeatedInStorage, deadLetters }) => [
    stored,
    repeatedInBus,
    repeatedInStorage,
    deadLetters,
  ])
  const booked = counts.reduce((sum, { messages }) => sum + messages, 0) + (more.expired ?? 0) + (more.unattributed ?? 0)
  const upTo = String(Number(more.from ?? 0) + booked - (more.earlier ?? 0))
  const storage = more.storage ?? 'prometheus'
  const place = { kind: 'metrics', group: `g-${storage}`, topic: 'clymene', partition: 0 } as const
  return { ...place, storage, from: '0', upTo, end: upTo, agents, expired: 0, unattributed: 0, savedAt: 1, ...more }
}

const report = (more: Partial<LedgerReport>, time = 1): LedgerReport => ({
  service: 's',
  instance: 'i',
  time,
  senders: [],
  books: [],
  replays: [],
  ...more,
})

const join = (senders: readonly SenderAccount[], books: readonly PartitionAccount[], filter: LedgerFilter = {}) =>
  joinLedgers([report({ senders }), report({ books })], filter)
const findings = (senders: readonly SenderAccount[], books: readonly PartitionAccount[]) =>
  join(senders, books).findings.map(({ level, text }) => `${level}: ${text}`)

describe('a sender', () => {
  test('whose messages are all there: sent = in the bus + buffered + dropped', () => {
    const { senders, findings: found } = join([sender({ sent: 14, buffered: 3, dropped: 1 })], [book([agent(10, epochs(10, 1))])])
    expect(senders).toEqual([
      {
        kind: 'metrics',
        cluster: 'c1',
        agent: 'n1',
        to: 'gateway',
        sent: 14,
        acknowledged: 10,
        inBus: 10,
        buffered: 3,
        dropped: 1,
        onTheWay: 0,
        unanswered: 0,
      },
    ])
    expect(found).toEqual([])
  })

  test('what is not booked yet is on the way', () => {
    const lagging = book([agent(4)], { end: '10' })
    expect(join([sender()], [lagging])).toMatchObject({ senders: [{ inBus: 4, onTheWay: 6 }], findings: [] })
  })

  test.each([
    { came: 10, expected: { inBus: 10, onTheWay: 0, unanswered: 3 } },
    { came: 12, expected: { inBus: 12, onTheWay: 0, unanswered: 1 } },
    { came: 4, expected: { inBus: 4, onTheWay: 6, unanswered: 3 } },
  ])('what it had no answer for is not on the way, unless it came: $came of 10 or more', ({ came, expected }) => {
    const { senders } = join([sender({ sent: 13, unanswered: 3 })], [book([agent(came)], { end: '12' })])
    expect(senders).toMatchObject([expected])
  })

  test('the storage that has read most says what is in the bus', () => {
    const books = [book([agent(4)], { end: '10' }), book([agent(10)], { storage: 'loki' })]
    expect(join([sender()], books)).toMatchObject({ senders: [{ inBus: 10, onTheWay: 0 }], findings: [] })
  })

  test('partitions and epochs are added up', () => {
    const second = agent(4, { epochs: [{ epoch: 200, distinct: 4, missing: 0, jumped: 50 }] })
    expect(join([sender()], [book([agent(6)]), book([second], { partition: 1 })])).toMatchObject({ senders: [{ inBus: 10 }], findings: [] })
  })

  test('that sends straight to a storage has no part in the bus', () => {
    const { senders, findings: found } = join([sender({ to: 'loki' })], [book([])])
    expect([senders[0]?.inBus, senders[0]?.onTheWay, found]).toEqual([undefined, undefined, []])
  })

  test('without a book of its kind nothing is said about the bus', () => {
    expect(join([sender({ kind: 'logs' })], [book([])])).toMatchObject({ senders: [{ sent: 10 }], findings: [] })
  })

  test('whose cluster only the gateway knows is found by its name', () => {
    expect(join([sender({ cluster: '' })], [book([agent(10)])])).toMatchObject({ senders: [{ cluster: '', inBus: 10 }], findings: [] })
  })

  test('without a cluster it has what no other account has', () => {
    const books = [book([agent(10), agent(3, { cluster: 'c2' }), agent(2, { cluster: '' })])]
    const { senders, findings: found } = join([sender(), sender({ cluster: '', sent: 5, acknowledged: 5 })], books)
    expect(senders.map(({ inBus }) => inBus)).toEqual([5, 10])
    expect(found).toEqual([])
  })

  test('whose account began anew is not compared with what it sent before', () => {
    const both = agent(30, {
      epochs: [
        { epoch: 50, distinct: 20, missing: 7, jumped: 0 },
        { epoch: 100, distinct: 10, missing: 0, jumped: 0 },
      ],
    })
    expect(join([sender()], [book([both])])).toMatchObject({ senders: [{ inBus: 10 }], findings: [] })
  })

  test('epochs too old to be kept one by one count when the account is older', () => {
    const folded = agent(10, {
      epochs: [
        { epoch: 0, distinct: 4, missing: 0, jumped: 0 },
        { epoch: 300, distinct: 6, missing: 0, jumped: 0 },
      ],
    })
    expect(join([sender()], [book([folded])])).toMatchObject({ senders: [{ inBus: 10 }], findings: [] })
  })
})

describe('what does not add up is said in words', () => {
  test.each<[what: string, senders: readonly SenderAccount[], books: readonly PartitionAccount[], expected: readonly string[]]>([
    [
      'numbers that never came',
      [sender()],
      [book([agent(7, epochs(7, 3))])],
      ['loss: 3 numbers of agent n1 (cluster c1, metrics) never came to the bus, as prometheus reads it'],
    ],
    [
      'one at the end, which leaves no gap',
      [sender()],
      [book([agent(9)])],
      ['loss: 1 number of agent n1 (cluster c1, metrics) never came to the bus, as prometheus reads it'],
    ],
    ['one that may be in the lag', [sender()], [book([agent(9)], { end: '10' })], []],
    ['a gap that may be in the lag', [sender()], [book([agent(9, epochs(9, 1))], { end: '10' })], []],
    [
      'gaps among offsets of which nothing is known',
      [sender()],
      [book([agent(7, epochs(7, 3))], { unattributed: 3 })],
      ['note: of 3 messages of metrics for prometheus it is not known what came: they were deleted after a crash, or never were messages'],
    ],
    [
      'gaps that expired, which are lost once',
      [sender()],
      [book([agent(7, epochs(7, 3))], { expired: 3 })],
      ['loss: 3 messages of metrics expired in the bus before prometheus had read them'],
    ],
    [
      'more gaps than expired',
      [sender()],
      [book([agent(7, epochs(7, 3))], { expired: 2 })],
      [
        'loss: 1 number of agent n1 (cluster c1, metrics) never came to the bus, as prometheus reads it',
        'loss: 2 messages of metrics expired in the bus before prometheus had read them',
      ],
    ],
    [
      'what expired at the end, which leaves no gap',
      [sender()],
      [book([agent(8)], { expired: 2 })],
      ['loss: 2 messages of metrics expired in the bus before prometheus had read them'],
    ],
    [
      'offsets at the end of which nothing is known',
      [sender()],
      [book([agent(9)], { unattributed: 1 })],
      ['note: of 1 message of metrics for prometheus it is not known what came: they were deleted after a crash, or never were messages'],
    ],
    [
      'gaps of one that was not asked, which expired',
      [],
      [book([agent(7, epochs(7, 3))], { expired: 3 })],
      ['loss: 3 messages of metrics expired in the bus before prometheus had read them'],
    ],
    ['gaps of one that was not asked, which may be in the lag', [], [book([agent(7, epochs(7, 3))], { end: '10' })], []],
    ['gaps that the sender gave up', [sender({ sent: 13, dropped: 3 })], [book([agent(10, epochs(10, 3))])], []],
    ['gaps that it had no answer for', [sender({ sent: 13, unanswered: 3 })], [book([agent(10, epochs(10, 3))])], []],
    ['one without an answer that came all the same', [sender({ sent: 11, unanswered: 1 })], [book([agent(11)])], []],
    [
      'gaps of an agent that was forgotten and came again',
      [sender()],
      [book([agent(4), agent(6, { agent: '', epochs: [{ epoch: 0, distinct: 6, missing: 0, jumped: 0 }] })])],
      [],
    ],
    [
      'a book that began after the agent',
      [sender()],
      [book([agent(4)], { from: '1000' })],
      ['note: the books of prometheus begin after the first messages of clymene: what came before is in no count'],
    ],
    [
      'more than it sent',
      [sender()],
      [book([agent(12)])],
      [
        'note: 2 messages of agent n1 (cluster c1, metrics) are in the bus that it does not know of: its folder was lost, or another one has its name',
      ],
    ],
    [
      'gaps of one that was not asked',
      [],
      [book([agent(9, epochs(9, 1))])],
      ['loss: 1 number of agent n1 (cluster c1, metrics) did not come to the bus; the sender was not asked, which may have given them up'],
    ],
    [
      'gaps of a gateway that has ended',
      [],
      [book([agent(9, { agent: 'gateway-host-1-0a1b2c3d', cluster: '', ...epochs(9, 2) })])],
      ['note: 2 numbers of agent gateway-host-1-0a1b2c3d (metrics) did not come to the bus: it told senders to come again, or has ended'],
    ],
    [
      'what expired',
      [],
      [book([agent(9)], { expired: 4 })],
      ['loss: 4 messages of metrics expired in the bus before prometheus had read them'],
    ],
    [
      'what nobody knows',
      [],
      [book([agent(9)], { unattributed: 1 })],
      ['note: of 1 message of metrics for prometheus it is not known what came: they were deleted after a crash, or never were messages'],
    ],
    [
      'dead letters',
      [sender()],
      [book([agent(8, { deadLetters: count(2), ...epochs(10) })])],
      ['note: prometheus refused 2 messages of metrics whole, 20 records in all: they are dead letters, clymene replay shows them'],
    ],
    [
      'dead letters of messages that the storage has otherwise',
      [sender()],
      [book([agent(10, { deadLetters: { messages: 0, records: 3 } })])],
      ['note: prometheus refused 3 records of messages of metrics that it has otherwise: they are dead letters, clymene replay shows them'],
    ],
    [
      'a book that does not balance',
      [sender()],
      [book([agent(10)], { upTo: '11', end: '11' })],
      ['loss: the book of prometheus for partition 0 of clymene does not balance: 11 offsets from 0 to 11, but 10 are counted'],
    ],
    ['a topic that was made anew', [sender()], [book([agent(10)], { earlier: 4 })], []],
  ])('%s', (_, senders, books, expected) => {
    expect(findings(senders, books)).toEqual(expected)
  })

  test('a bus that was not asked for its end', () => {
    const { end: _, ...endless } = book([agent(10)])
    expect(findings([sender()], [endless])).toEqual([
      'note: the lag of prometheus is not known for 1 partitions of clymene: the bus did not answer',
    ])
  })
})

describe('a storage', () => {
  const books = [
    book([agent(5, { repeatedInBus: count(2) }), agent(3, { agent: 'n2', cluster: 'c2', deadLetters: count(1) })], {
      end: '15',
      expired: 1,
    }),
    book([agent(1, { repeatedInStorage: count(1) })], { partition: 1 }),
  ]
  const row = { kind: 'metrics', storage: 'prometheus', stored: count(9), twiceInBus: 2, twiceWritten: 1, deadLetters: count(1) }

  test('in the bus = stored + twice in the bus + twice written + dead letters + lag + expired + unattributed', () => {
    expect(join([], books).storages).toEqual([{ ...row, inBus: 17, lag: 3, expired: 1, unattributed: 0 }])
  })

  test('of one cluster', () => {
    const { storages, senders } = join([sender(), sender({ cluster: 'c2', agent: 'n2', sent: 4, acknowledged: 4 })], books, {
      cluster: 'c2',
    })
    expect(storages).toEqual([
      { kind: 'metrics', storage: 'prometheus', inBus: 4, stored: count(3), twiceInBus: 0, twiceWritten: 0, deadLetters: count(1) },
    ])
    expect(senders.map(({ agent: name }) => name)).toEqual(['n2'])
  })

  test.each<[LedgerFilter, readonly string[]]>([
    [{}, ['logs loki', 'metrics loki', 'metrics prometheus']],
    [{ kind: 'logs' }, ['logs loki']],
    [{ storage: 'loki' }, ['logs loki', 'metrics loki']],
  ])('filter %j', (filter, expected) => {
    const all = [book([]), book([], { storage: 'loki' }), book([], { storage: 'loki', kind: 'logs', topic: 'l' })]
    expect(join([], all, filter).storages.map(({ kind, storage }) => `${kind} ${storage}`)).toEqual(expected)
  })
})

describe('several reports', () => {
  test('of the same books: the one that was saved last counts', () => {
    const [older, newer] = [book([agent(4)], { savedAt: 1 }), book([agent(10)], { savedAt: 2 })]
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const { senders } = joinLedgers([report({ senders: [sender()] }), ...order.map((one) => report({ books: [one] }))])
      expect(senders[0]?.inBus).toBe(10)
    }
  })

  test('of the same sender: the newest counts', () => {
    const reports = [report({ senders: [sender({ sent: 12, acknowledged: 12 })] }, 2), report({ senders: [sender()] }, 1)]
    expect(joinLedgers(reports).senders.map(({ sent }) => sent)).toEqual([12])
  })

  test('one sender to two storages has two accounts', () => {
    expect(join([sender({ to: 'gateway' }), sender({ to: 'loki' })], []).senders.map(({ to }) => to)).toEqual(['gateway', 'loki'])
  })

  test('replays are told once', () => {
    const replay = { kind: 'logs', storage: 'loki', topic: 't-dead-letter', cluster: 'c1', replayed: count(2), refused: NONE } as const
    expect(joinLedgers([report({ replays: [replay] }), report({ replays: [replay] })]).replays).toEqual([replay])
  })
})

test('names that objects would trip over are names like others', () => {
  const odd = '__proto__'
  const { senders } = join([sender({ agent: odd, cluster: odd })], [book([agent(10, { agent: odd, cluster: odd })])])
  expect(senders).toMatchObject([{ agent: odd, cluster: odd, inBus: 10 }])
})

import type { AgentAccount, LedgerReport, PartitionAccount, SenderAccount } from '@clymene/ledger'
import { describe, expect, test } from 'vitest'

import { UNREADABLE, type Placed } from './evidence.ts'
import { judgeLedger } from './judge-ledger.ts'

const placed = (offset: number, sequence: number): Placed => ({
  kind: 'logs',
  series: '{}',
  time: '1',
  value: `line ${sequence}`,
  topic: 't',
  partition: 0,
  offset: BigInt(offset),
  identity: `//a1/s 7 a1 ${sequence} `,
})

/** Numbers 1, 2, 2 again, 3; two lines in the last one. */
const kafka = [placed(0, 1), placed(1, 2), placed(2, 2), placed(3, 3), placed(3, 3)]

const count = (messages: number, records = messages) => ({ messages, records })
const agent: AgentAccount = {
  cluster: 'c',
  agent: 'a1',
  stored: count(2),
  repeatedInBus: count(1),
  repeatedInStorage: count(1, 2),
  deadLetters: count(0),
  epochs: [{ epoch: 7, distinct: 3, missing: 0, jumped: 0 }],
}
const bookOf = (storage: string, changes: Partial<PartitionAccount> = {}): PartitionAccount => ({
  kind: 'logs',
  storage,
  group: `g-${storage}-t`,
  topic: 't',
  partition: 0,
  from: '0',
  upTo: '4',
  end: '4',
  agents: [agent],
  expired: 0,
  unattributed: 0,
  savedAt: 1,
  ...changes,
})
const sender: SenderAccount = {
  kind: 'logs',
  cluster: 'c',
  agent: 'a1',
  to: 'gateway',
  epoch: 7,
  sent: 3,
  acknowledged: 3,
  buffered: 0,
  dropped: 0,
  unanswered: 0,
}
const reportOf = (books: readonly PartitionAccount[], senders: readonly SenderAccount[] = [sender]): LedgerReport => ({
  service: 'ingester',
  instance: 'i',
  time: 2,
  senders,
  books,
  replays: [],
})
const withLoki = (changes: Partial<PartitionAccount>): LedgerReport => reportOf([bookOf('loki', changes), bookOf('elasticsearch')])
const withAgent = (changes: Partial<AgentAccount>): LedgerReport => withLoki({ agents: [{ ...agent, ...changes }] })

describe('the judge of the ledger', () => {
  test('takes a message that is none for a dead letter', () => {
    const poisoned = [...kafka, { ...placed(4, 0), series: UNREADABLE, identity: 'poison' }]
    const nobody: AgentAccount = {
      ...agent,
      agent: '',
      stored: count(0),
      repeatedInBus: count(0),
      repeatedInStorage: count(0),
      deadLetters: count(1, 0),
      epochs: [],
    }
    const booked = { upTo: '5', end: '5', agents: [agent, nobody] }
    expect(judgeLedger({ kafka: poisoned }, [reportOf([bookOf('loki', booked), bookOf('elasticsearch', booked)])])).toEqual([])
  })

  test('finds nothing in books that say what Kafka says', () => {
    expect(judgeLedger({ kafka }, [withLoki({})])).toEqual([])
  })

  test('takes of the books of replicas the one that is furthest', () => {
    const behind = withLoki({ upTo: '1', agents: [] })
    expect(judgeLedger({ kafka }, [behind, withLoki({})])).toEqual([])
  })

  test.each<[string, LedgerReport, string]>([
    ['no book', reportOf([bookOf('elasticsearch')]), 'loki t/0: no book'],
    ['a book that begins late', withLoki({ from: '1' }), 'loki t/0: from is 1, expected 0'],
    ['a book that is behind', withLoki({ upTo: '3' }), 'loki t/0: upTo is 3, expected 4'],
    ['something expired', withLoki({ expired: 1 }), 'loki t/0: expired is 1, expected 0'],
    ['something that nobody knows', withLoki({ unattributed: 1 }), 'loki t/0: unattributed is 1, expected 0'],
    ['a message that is not counted', withAgent({ stored: count(1) }), 'loki t/0: stored + repeatedInStorage is 2, expected 3'],
    ['a repeat that is not counted', withAgent({ repeatedInBus: count(0) }), 'loki t/0: repeatedInBus is 0, expected 1'],
    [
      'a repeat that is counted as stored',
      withAgent({ stored: count(3), repeatedInBus: count(0) }),
      'loki t/0: repeatedInBus is 0, expected 1',
    ],
    ['a dead letter that there is not', withAgent({ stored: count(1), deadLetters: count(1) }), 'loki t/0: deadLetters is 1, expected 0'],
    ['a line that is not counted', withAgent({ repeatedInStorage: count(1, 1) }), 'loki t/0: records is 3, expected 4'],
    [
      'a number too many',
      withAgent({ epochs: [{ epoch: 7, distinct: 4, missing: 0, jumped: 0 }] }),
      'loki t/0: distinct numbers of a1 7 are 4, expected 3',
    ],
    ['a gap that the sender knows nothing of', withAgent({ epochs: [{ epoch: 7, distinct: 3, missing: 1, jumped: 0 }] }), '1 number'],
    [
      'a sender that does not add up',
      reportOf([bookOf('loki'), bookOf('elasticsearch')], [{ ...sender, sent: 4 }]),
      'sender a1 of logs: sent 4 is not',
    ],
    [
      'a sender that gave up',
      reportOf([bookOf('loki'), bookOf('elasticsearch')], [{ ...sender, sent: 4, dropped: 1 }]),
      'sender a1 of logs: dropped 1',
    ],
  ])('finds %s', (_, report, text) => {
    const texts = judgeLedger({ kafka }, [report]).map((finding) => finding.text)
    expect(texts).toContainEqual(expect.stringContaining(text))
  })
})

import { describe, expect, test } from 'vitest'

import { UNREADABLE, type DeadLetter, type Evidence, type Item, type Placed, type Sent } from './evidence.ts'
import { judge } from './judge.ts'

const sample = (number: number): Item => ({ kind: 'metrics', series: 'n{}', time: String(1000 + number), value: String(number) })
const line = (number: number): Item => ({ kind: 'logs', series: '{job="j"}', time: String(2000 + number), value: `line ${number}` })
const up: Item = { kind: 'metrics', series: 'up{}', time: '1001', value: '1' }
const stale: Item = { kind: 'metrics', series: 'n{}', time: '1009', value: 'NaN' }

const sent = (item: Item, number: number): Sent => ({ ...item, number, acknowledged: true })
const placed = (item: Item, offset: number): Placed => ({
  ...item,
  topic: item.kind,
  partition: 0,
  offset: BigInt(offset),
  identity: `${offset}`,
})
const document = (item: Item, id: string) => ({ ...item, id })

const numbers = [1, 2, 3]
const samples = numbers.map(sample)
const lines = numbers.map(line)

/** Everything is as it was promised. */
const good: Evidence = {
  sent: [...samples.map((item, index) => sent(item, index + 1)), ...lines.map((item, index) => sent(item, index + 1))],
  own: new Set(['up{}']),
  kafka: [...samples.map(placed), placed(up, 3), ...lines.map(placed)],
  stores: {
    prometheus: [...samples, up],
    loki: lines,
    elasticsearch: [...samples, up, ...lines].map((item, index) => document(item, `id-${index}`)),
  },
  deadLetters: [],
}
const inStores = (stores: Partial<Evidence['stores']>): Evidence => ({ ...good, stores: { ...good.stores, ...stores } })

describe('the judge finds nothing', () => {
  test.each<[string, Evidence]>([
    ['when all is as promised', good],
    ['when what was not acknowledged is nowhere', { ...good, sent: [...good.sent, { ...sent(sample(4), 4), acknowledged: false }] }],
    [
      'when a message came into Kafka twice and Elasticsearch has it once',
      { ...good, kafka: [...good.kafka, ...samples.map((item) => placed(item, 9))] },
    ],
    [
      'when a message came into Kafka twice and Elasticsearch has it twice',
      {
        ...inStores({ elasticsearch: [...good.stores.elasticsearch, document(sample(2), 'again')] }),
        kafka: [...good.kafka, placed(sample(2), 9)],
      },
    ],
    ['of a mark that a series is over', { ...good, kafka: [...good.kafka, placed(stale, 9)] }],
  ])('%s', (_, evidence) => {
    expect(judge(evidence)).toEqual([])
  })
})

const poison: Placed = placed({ kind: 'metrics', series: UNREADABLE, time: '0', value: 'poison 1' }, 8)
const letterOf = (storage: string): DeadLetter => ({
  topic: 'metrics-dead-letter',
  partition: 0,
  offset: 0n,
  storage,
  reason: 'no block',
  items: [poison],
})
const poisoned: Evidence = {
  ...good,
  sent: [...good.sent, { ...sent(poison, 1) }],
  kafka: [...good.kafka, poison],
  deadLetters: ['prometheus', 'elasticsearch', 'elasticsearch'].map(letterOf),
}

test('a message that is none is a dead letter of each store that takes its kind', () => {
  expect(judge(poisoned)).toEqual([])
  expect(judge({ ...poisoned, deadLetters: [letterOf('elasticsearch')] })).toEqual([
    { what: 'lost', where: 'prometheus', text: 'no dead letter of metrics/0@8: poison 1' },
  ])
})

describe('the judge finds', () => {
  test.each<[string, Evidence, readonly object[]]>([
    [
      'a sample that Kafka never got',
      { ...good, sent: [...good.sent, sent(sample(4), 4)] },
      [{ what: 'lost', where: 'Kafka', text: 'n{} 4 at 1004' }],
    ],
    [
      'a sample that one store has not got',
      inStores({ prometheus: [sample(1), sample(3), up] }),
      [{ what: 'lost', where: 'prometheus', text: 'metrics/0@1: n{} 2 at 1002' }],
    ],
    [
      'a sample of the agent itself that one store has not got',
      inStores({ prometheus: samples }),
      [{ what: 'lost', where: 'prometheus', text: 'metrics/0@3: up{} 1 at 1001' }],
    ],
    [
      'a line that is lost',
      inStores({ loki: [line(1), line(2)] }),
      [{ what: 'lost', where: 'loki', text: 'logs/0@2: {job="j"} line 3 at 2003' }],
    ],
    [
      'a doubled line',
      inStores({ loki: [...lines, line(2)] }),
      [{ what: 'doubled', where: 'loki', text: expect.stringContaining('2 times {job="j"} line 2 at 2002') }],
    ],
    [
      'a doubled document',
      inStores({ elasticsearch: [...good.stores.elasticsearch, document(line(2), 'other')] }),
      [{ what: 'doubled', where: 'elasticsearch', text: expect.stringContaining('id-5 other') }],
    ],
    [
      'two documents of one id',
      inStores({ elasticsearch: [...good.stores.elasticsearch.slice(1), document(sample(1), 'id-1')] }),
      [{ what: 'doubled', where: 'elasticsearch', text: expect.stringContaining('have the id metrics id-1') }],
    ],
    [
      'an invented series',
      inStores({ prometheus: [...samples, up, { ...sample(1), series: 'ghost{}' }] }),
      [{ what: 'invented', where: 'prometheus', text: 'ghost{} 1 at 1001' }],
    ],
    [
      'a line that nobody wrote',
      {
        ...inStores({ loki: [...lines, line(4)], elasticsearch: [...good.stores.elasticsearch, document(line(4), 'x')] }),
        kafka: [...good.kafka, placed(line(4), 4)],
      },
      [{ what: 'invented', where: 'Kafka', text: 'logs/0@4: {job="j"} line 4 at 2004' }],
    ],
    [
      'a value that changed on the way to a store',
      inStores({ prometheus: [sample(1), { ...sample(2), time: '1007' }, sample(3), up] }),
      [
        { what: 'lost', where: 'prometheus' },
        { what: 'invented', where: 'prometheus' },
        { what: 'swapped', where: 'prometheus' },
      ],
    ],
    [
      'a time that changed on the way to Kafka',
      {
        ...inStores({
          loki: [...lines.slice(0, 2), { ...line(3), time: '9' }],
          elasticsearch: good.stores.elasticsearch.with(6, document({ ...line(3), time: '9' }, 'z')),
        }),
        kafka: good.kafka.with(6, placed({ ...line(3), time: '9' }, 2)),
      },
      [
        { what: 'changed', where: 'Kafka', text: 'logs/0@2: {job="j"} line 3 at 9, sent at 2003' },
        { what: 'swapped', where: 'loki' },
        { what: 'swapped', where: 'elasticsearch' },
      ],
    ],
    [
      'an order that was swapped',
      { ...good, kafka: [placed(sample(2), 0), placed(sample(1), 1), ...good.kafka.slice(2)] },
      [{ what: 'swapped', where: 'Kafka', text: 'metrics/0@1: n{} 1 at 1001 after n{} 2 at 1002 of metrics/0@0' }],
    ],
    [
      'a series in two partitions',
      { ...good, kafka: good.kafka.with(2, { ...placed(sample(3), 2), partition: 1 }) },
      [{ what: 'swapped', where: 'Kafka', text: expect.stringMatching(/^another partition/) }],
    ],
    [
      'a dead letter',
      {
        ...good,
        deadLetters: [
          { topic: 'metrics-dead-letter', partition: 0, offset: 4n, storage: 'prometheus', reason: 'out of order', items: [sample(1)] },
        ],
      },
      [{ what: 'dead letter', where: 'prometheus', text: 'metrics-dead-letter/0@4: out of order; n{} 1 at 1001, 1 in all' }],
    ],
  ])('%s', (_, evidence, findings) => {
    expect(judge(evidence)).toEqual(findings.map((finding) => expect.objectContaining(finding)))
  })
})

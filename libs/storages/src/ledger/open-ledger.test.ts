import { createMemoryLedgerStore, encodeReplayState, replayStateName } from '@clymene/ledger'
import { RetryableError, type Bus, type BusRecord } from '@clymene/model'
import { createMetrics, parseFlags, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test } from 'vitest'

import { busRecord, numbered, TOPIC } from '../testing/messages.ts'
import { ledgerFlags } from './flags.ts'
import { openLedger, type OpenLedger } from './open-ledger.ts'

const never = new AbortController().signal
const opened: OpenLedger[] = []
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())))

function start({
  states = new Map<string, Buffer>(),
  lag,
  argv = [],
}: { states?: Map<string, Buffer>; lag?: Bus['lag']; argv?: string[] } = {}) {
  const bus = { read: async function* () {}, lag: lag ?? (() => Promise.resolve([{ partition: 0, committed: 0n, end: 12n }])) }
  const metrics = createMetrics()
  const { values: flags } = parseFlags(ledgerFlags, argv, {})
  const one = openLedger({ store: createMemoryLedgerStore(states), bus, flags, metrics, logger: silentLogger })
  opened.push(one)
  const take = async (records: readonly BusRecord[]): Promise<void> => {
    const owner = { kind: 'metrics', storage: 's', group: 'g' } as const
    const book = await one.ledger.take({ topic: TOPIC, partition: 0, records, takeover: true }, owner, never)
    await book.settle(
      records.map((record) => ({ record, outcome: 'stored', records: 1, refused: 0 })),
      never,
    )
  }
  return { ...one, states, take, text: () => metrics.registry.metrics() }
}

const message = (sequence: number, offset: number, agent = 'a'): BusRecord =>
  busRecord(Buffer.from('x'), offset, numbered(sequence, { cluster: 'c', agent }))

describe('the books of a service', () => {
  test('are reported as they are now, with the ends of their topics and what was replayed', async () => {
    const { take, report, states } = start()
    await take([message(1, 0), message(2, 1)])
    const count = { messages: 1, records: 2 }
    const clusters = [{ cluster: 'c', replayed: count, refused: { messages: 0, records: 0 } }]
    states.set(
      replayStateName('s', TOPIC),
      encodeReplayState({ kind: 'metrics', storage: 's', topic: TOPIC, clusters, sent: [], refused: [] }),
    )
    states.set(replayStateName('other', TOPIC), Buffer.from('damaged'))
    expect(await report(never)).toMatchObject({
      books: [
        {
          storage: 's',
          topic: TOPIC,
          from: '0',
          upTo: '2',
          end: '12',
          agents: [{ cluster: 'c', agent: 'a', stored: { messages: 2, records: 2 } }],
        },
      ],
      replays: [{ storage: 's', topic: TOPIC, ...clusters[0] }],
    })
  })

  test('a bus that cannot be asked: no ends, but the books', async () => {
    const { take, report } = start({ lag: () => Promise.reject(new RetryableError('away')) })
    await take([message(1, 0)])
    const { books } = await report(never)
    expect([books.length, books[0]?.end]).toEqual([1, undefined])
  })

  test('one who goes away takes the report from nobody else, and the last one ends it', async () => {
    const ended: unknown[] = []
    const gate = Promise.withResolvers<void>()
    const { take, report } = start({
      lag: async (_topic, _group, signal) => {
        signal.addEventListener('abort', () => void ended.push(signal.reason))
        await gate.promise
        return [{ partition: 0, committed: 0n, end: 12n }]
      },
    })
    await take([message(1, 0)])
    const [first, second] = [new AbortController(), new AbortController()]
    const [gone, waiting] = [report(first.signal), report(second.signal)]
    first.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    expect(ended).toEqual([])
    gate.resolve()
    await expect(waiting).resolves.toMatchObject({ books: [{ end: '12' }] })
    const third = new AbortController()
    const alone = report(third.signal)
    third.abort(new Error('gone as well'))
    await expect(alone).rejects.toThrow('gone as well')
    await expect(report(never)).resolves.toMatchObject({ books: [{ end: '12' }] })
  })

  test('are counted in metrics', async () => {
    const { take, text, ledger } = start({ argv: ['--ledger.max-agents=2'] })
    await take([message(1, 0), message(5, 1), message(1, 2, 'b'), message(1, 3, 'd')])
    await ledger.save(never)
    const lines = (await text()).split('\n')
    for (const line of [
      'clymene_ledger_messages_total{storage="s",topic="clymene",outcome="stored"} 4',
      'clymene_ledger_missing_sequences{kind="metrics",cluster="c"} 3',
      'clymene_ledger_jumped_sequences{kind="metrics",cluster="c"} 0',
      'clymene_ledger_agents 2',
      'clymene_ledger_forgotten_names 1',
    ])
      expect(lines).toContain(line)
    expect(lines.some((line) => line.startsWith('clymene_ledger_save_seconds_count{storage="s",topic="clymene"}'))).toBe(true)
  })
})

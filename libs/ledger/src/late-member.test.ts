import type { BusRecord } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createLedger } from './ledger.ts'
import { createMemoryLedgerStore } from './memory-store.ts'
import type { Settlement } from './outcome.ts'
import { createFakeLog } from './testing/fake-log.ts'
import { never, silent } from './testing/silent.ts'

const OWNER = { kind: 'metrics', storage: 's', group: 'g' } as const

type Step =
  /** The member has a partition of its own and does what it gets; it commits. */
  | { readonly do: 'deliver'; readonly count: number }
  /** It stands still with a batch in its hands, and somebody else takes over. */
  | { readonly do: 'freeze'; readonly count: number }
  /** Who stood still goes on: settles, saves, and is told at last that the partition is not its own. */
  | { readonly do: 'thaw' }
  | { readonly do: 'save' | 'crash' }
  /** The wall clock of all who start from now on. */
  | { readonly do: 'clock'; readonly by: number }

/** Every third message is refused. Members come one after the other, and some of them late. */
function createWorld(messages: number) {
  const log = createFakeLog()
  for (let sequence = 0; sequence < messages; sequence++) log.append({ cluster: 'c', agent: 'a', epoch: 1, sequence })
  const states = new Map<string, Buffer>()
  const frozen: (() => Promise<void>)[] = []
  let committed = 0
  let aheadMs = 0
  let member = start()

  function start() {
    const backoff = { minMs: 0, maxMs: 1 }
    const store = createMemoryLedgerStore(states)
    const now = (): number => Date.now() + aheadMs
    const ledger = createLedger({ store, read: log.read, logger: silent, saveEveryMs: 1e6, patienceMs: 1e6, backoff, now })
    return { ledger, lost: new AbortController(), position: undefined as number | undefined }
  }

  const take = async (count: number) => {
    const { ledger, position, lost } = member
    const takeover = position === undefined
    const from = position ?? committed
    const records = log.records.slice(from, from + count)
    if (records.length === 0) return undefined
    const about = takeover ? { takeover, committed: BigInt(committed) } : { takeover }
    const book = await ledger.take({ topic: 't', partition: 0, records, ...about }, OWNER, lost.signal)
    return { settle: () => book.settle(records.map(settlementOf), never), end: from + records.length }
  }

  const act: { [K in Step['do']]: (step: Extract<Step, { readonly do: K }>) => void | Promise<void> } = {
    deliver: async ({ count }) => {
      const taken = await take(count)
      await taken?.settle()
      committed = taken?.end ?? committed
      member.position = committed
    },
    freeze: async ({ count }) => {
      const taken = await take(count)
      const { ledger, lost } = member
      frozen.push(async () => {
        await taken?.settle()
        await ledger.save(never)
        lost.abort(new Error('the partition is somebody else’s'))
        await ledger.close()
      })
      member = start()
    },
    thaw: () => frozen.shift()?.(),
    save: () => member.ledger.save(never),
    crash: () => {
      member = start()
    },
    clock: ({ by }) => {
      aheadMs += by
    },
  }

  return {
    run: async (steps: readonly Step[]): Promise<void> => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each is given its own step
      for (const step of steps) await (act[step.do] as (step: Step) => void | Promise<void>)(step)
    },
    /** Who comes last books the rest, and tells what is booked. */
    booked: async () => {
      member = start()
      await act.deliver({ do: 'deliver', count: messages })
      const [account] = member.ledger.accounts()
      const [agent] = account?.agents ?? []
      return { upTo: account?.upTo, stored: agent?.stored.messages, dead: agent?.deadLetters.messages, unattributed: account?.unattributed }
    },
  }
}

const isDead = (offset: number): boolean => offset % 3 === 2

function settlementOf(record: BusRecord): Settlement {
  const refused = isDead(Number(record.origin.offset))
  return { record, outcome: refused ? 'deadLetter' : 'stored', records: refused ? 0 : 10, refused: refused ? 10 : 0 }
}

const MESSAGES = 31
const RIGHT = { upTo: '31', stored: 21, dead: 10, unattributed: 0 }

describe('a member that stood still and goes on when somebody else has the partition', () => {
  test.each<[string, readonly Step[]]>([
    [
      'before its first book was saved: what its follower kept stays',
      [{ do: 'freeze', count: 2 }, { do: 'deliver', count: 3 }, { do: 'thaw' }, { do: 'crash' }],
    ],
    [
      'later, while its follower has saved and forgotten what was kept',
      [
        { do: 'deliver', count: 1 },
        { do: 'freeze', count: 1 },
        { do: 'deliver', count: 3 },
        { do: 'save' },
        { do: 'deliver', count: 3 },
        { do: 'save' },
        { do: 'deliver', count: 3 },
        { do: 'save' },
        { do: 'thaw' },
        { do: 'crash' },
      ],
    ],
    [
      'with a dead letter of its own',
      [{ do: 'freeze', count: 3 }, { do: 'deliver', count: 9 }, { do: 'thaw' }, { do: 'deliver', count: 3 }, { do: 'crash' }],
    ],
    [
      'and its clock was set back, or that of its follower',
      [
        { do: 'freeze', count: 2 },
        { do: 'clock', by: -513_000 },
        { do: 'deliver', count: 6 },
        { do: 'save' },
        { do: 'thaw' },
        { do: 'clock', by: 1_000_000 },
        { do: 'crash' },
      ],
    ],
  ])('%s', async (_, steps) => {
    const world = createWorld(MESSAGES)
    await world.run(steps)
    expect(await world.booked()).toEqual(RIGHT)
  })

  const count = fc.integer({ min: 1, max: 5 })
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('deliver' as const), count }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), count }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('thaw' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('save' as const, 'crash' as const) }) },
    fc.record({ do: fc.constant('clock' as const), by: fc.integer({ min: -3_600_000, max: 3_600_000 }) }),
  )
  test('whoever does what when, with whatever clock: each message is in one count, and in the right one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const world = createWorld(MESSAGES)
        await world.run(steps)
        expect(await world.booked()).toEqual(RIGHT)
      }),
      { numRuns: 200 },
    )
  })
})

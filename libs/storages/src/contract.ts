import { setTimeout as sleep } from 'node:timers/promises'

import {
  PermanentError,
  RetryableError,
  type Delivery,
  type Kind,
  type LogStream,
  type OpenStorage,
  type Sink,
  type TimeSeries,
} from '@clymene/model'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { BASE_MS, deliveryOf, heldBy, metricsDelivery, never, newCluster, seriesOf, textsOf, type Records } from './contract/records.ts'
import { isolating } from './decorators/isolating.ts'

export { deliveryOf } from './contract/records.ts'
export { openByFlags } from './contract/open.ts'

/** What is promised beyond the rest; tests of what is not promised do not exist. */
export type StorageTraits = {
  readonly kinds: readonly Kind[]
  /** Of a delivery that is written twice it holds one copy; what only passes on holds two. */
  readonly keepsOnce: boolean
  /** Stores NaN and the infinities as they are. */
  readonly keepsSpecialValues: boolean
  /** Is reached over a network: {@link StorageFixture.openAway} is there. */
  readonly isRemote: boolean
  /** Can refuse content: {@link StorageFixture.refusal} is there. */
  readonly refuses: boolean
}

/** What the suite needs of a storage. */
export type StorageFixture = {
  /** Opens it as a process does; the suite closes it. */
  readonly open: () => Promise<OpenStorage>
  /** Opens it towards an address where nobody is. */
  readonly openAway?: () => Promise<OpenStorage>
  /** What it holds of the series or streams whose label `cluster` has this value. Asked again until it is what is expected. */
  readonly metrics?: (cluster: string) => Promise<readonly TimeSeries[]>
  readonly logs?: (cluster: string) => Promise<readonly LogStream[]>
  /** Makes it refuse a part: `before` is written first, then `mixed`, of which it refuses this many records. */
  readonly refusal?: (kind: Kind, cluster: string) => Refusable
  readonly stop: () => Promise<void>
}

export type Refusable = { readonly before: readonly Delivery[]; readonly mixed: Delivery; readonly refused: number }

const WAIT_MS = 60_000

/** What every storage promises, as tests: each runs them against a server that speaks its protocol, or against the real engine. */
export function describeStorageContract(name: string, traits: StorageTraits, start: () => Promise<StorageFixture>): void {
  describe(`storage contract: ${name}`, { timeout: WAIT_MS * 2 }, () => {
    const { kinds } = traits
    let fixture: StorageFixture
    const opened: OpenStorage[] = []
    beforeAll(async () => {
      fixture = await start()
    }, WAIT_MS * 2)
    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close()
    }, WAIT_MS)
    afterAll(() => fixture.stop(), WAIT_MS)

    const open = async (how: () => Promise<OpenStorage> = fixture.open): Promise<OpenStorage> => {
      const storage = await how()
      opened.push(storage)
      return storage
    }
    const sinkOf = async (kind: Kind): Promise<Sink> => {
      const sink = (await open()).sinks[kind]
      if (sink === undefined) throw new Error(`${name} has no sink for ${kind}`)
      return sink
    }
    /** What is there once it is so many, or when the patience ends. */
    const held = async (kind: Kind, cluster: string, count: number): Promise<readonly string[]> => {
      const end = Date.now() + WAIT_MS
      let found = await heldBy(fixture, kind, cluster)
      while (found.length < count && Date.now() < end) {
        await sleep(100)
        found = await heldBy(fixture, kind, cluster)
      }
      return found
    }

    test('has a sink for each of its kinds and no other', async () => {
      const { sinks } = await open()
      expect(Object.keys(sinks).toSorted()).toEqual([...kinds].toSorted())
    })

    test('can be checked when it is there', async () => {
      const { check } = await open()
      await expect(check === undefined ? Promise.resolve() : check(never())).resolves.toBeUndefined()
    })

    describe.each(kinds)('%s', (kind) => {
      test('a delivery arrives whole', async () => {
        const cluster = newCluster()
        const delivery = deliveryOf(kind, cluster, [
          ['a', 0, 'one'],
          ['ünï "quoted" \\', 0, 'two'],
          ['__proto__', 0, '3'],
        ])
        await (await sinkOf(kind)).write([delivery], never())
        const expected = textsOf(kind, [
          ['a', 0, 'one'],
          ['ünï "quoted" \\', 0, 'two'],
          ['__proto__', 0, '3'],
        ]).toSorted()
        expect(await held(kind, cluster, expected.length)).toEqual(expected)
      })

      test('several deliveries are one write, and all arrive', async () => {
        const cluster = newCluster()
        const lists = [0, 1, 2].map((second): Records => ['a', 'b'].map((series) => [series, second, `${series}${second}`]))
        const sink = await sinkOf(kind)
        await sink.write(
          lists.map((list, index) => deliveryOf(kind, cluster, list, index + 1)),
          never(),
        )
        const expected = lists.flatMap((list) => textsOf(kind, list)).toSorted()
        expect(await held(kind, cluster, expected.length)).toEqual(expected)
      })

      test('a delivery that is written again is taken', async () => {
        const cluster = newCluster()
        const delivery = deliveryOf(kind, cluster, [['a', 0, 'again']])
        const sink = await sinkOf(kind)
        await sink.write([delivery], never())
        await sink.write([delivery], never())
        const once = textsOf(kind, [['a', 0, 'again']])
        const expected = (traits.keepsOnce ? once : [...once, ...once]).toSorted()
        expect(await held(kind, cluster, expected.length)).toEqual(expected)
      })

      test('nothing to write is fine', async () => {
        await expect((await sinkOf(kind)).write([], never())).resolves.toBeUndefined()
      })

      test('an abort before it begins rejects with the reason, and nothing is sent', async () => {
        const cluster = newCluster()
        const stop = AbortSignal.abort(new Error('stopped'))
        await expect((await sinkOf(kind)).write([deliveryOf(kind, cluster, [['a', 0, 'x']])], stop)).rejects.toThrow('stopped')
        expect(await held(kind, cluster, 0)).toEqual([])
      })
    })

    describe.each(traits.refuses ? kinds : [])('%s', (kind) => {
      test('what it refuses of a delivery is refused for good, and the rest arrives', async () => {
        const cluster = newCluster()
        const { before, mixed, refused } = fixture.refusal?.(kind, cluster) ?? {
          before: [],
          mixed: deliveryOf(kind, cluster, []),
          refused: NaN,
        }
        const sink = await sinkOf(kind)
        for (const delivery of before) await sink.write([delivery], never())
        const errors: PermanentError[] = []
        let records = 0
        const refuse = async ({ piece, error }: { piece: Delivery; error: PermanentError }): Promise<void> => {
          errors.push(error)
          records += piece.headers.records ?? 0
        }
        await isolating(sink, { refuse }).write([mixed], never())
        expect(records).toBe(refused)
        for (const error of errors) expect(error).toBeInstanceOf(PermanentError)
        const all = [...before, mixed].reduce((sum, { headers }) => sum + (headers.records ?? 0), 0)
        expect(await held(kind, cluster, all - refused)).toHaveLength(all - refused)
      })
    })

    describe.each(traits.isRemote ? kinds : [])('%s', (kind) => {
      test('away is retryable, and a check says so', async () => {
        const storage = await open(fixture.openAway)
        const write = storage.sinks[kind]?.write([deliveryOf(kind, newCluster(), [['a', 0, 'x']])], never())
        await expect(write).rejects.toBeInstanceOf(RetryableError)
        await expect(storage.check?.(never()) ?? Promise.resolve()).rejects.toBeInstanceOf(Error)
      })
    })

    describe.each(traits.keepsSpecialValues && kinds.includes('metrics') ? ['metrics' as const] : [])('%s', (kind) => {
      test('values that are no numbers arrive as they are', async () => {
        const cluster = newCluster()
        const values = [NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308]
        const series = values.map((value, index) => seriesOf(cluster, `v${index}`, value, BASE_MS))
        await (await sinkOf(kind)).write([metricsDelivery(series, 1)], never())
        const expected = values.map((value, index) => `v${index} ${BASE_MS} ${value}`).toSorted()
        expect(await held(kind, cluster, expected.length)).toEqual(expected)
      })
    })
  })
}

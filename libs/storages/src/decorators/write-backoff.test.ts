import { PermanentError, RetryableError, type Sink } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { metricsDelivery, sample } from '../testing/messages.ts'
import { retrying } from './retrying.ts'

const never = new AbortController().signal
const AWAY = new RetryableError('away', { status: 503 })

type Answer = Error | undefined

type World = {
  /** What the storage says to a write of this partition at this time, ms. */
  readonly answer: (partition: number, nowMs: number) => Answer
  readonly random?: () => number
  /** How long the storage takes. */
  readonly tookMs?: number
}

/** Partitions that write one body after the other into one storage, on a clock that stands still until it is moved on. */
function startPartitions(count: number, { answer, random = () => 0.5, tookMs = 100 }: World) {
  const heard: (() => void)[] = []
  const tries: { readonly partition: number; readonly ms: number; readonly ok: boolean }[] = []
  const start = performance.now()
  const now = (): number => Math.round(performance.now() - start)
  const sink: Sink = {
    write: async ([delivery]) => {
      const partition = Number(delivery!.headers.agent)
      const ms = now()
      const failure = answer(partition, ms)
      tries.push({ partition, ms, ok: failure === undefined })
      await new Promise((resolve) => {
        setTimeout(resolve, tookMs)
      })
      if (failure !== undefined) throw failure
    },
  }
  const writer = retrying(sink, { storage: 's', kind: 'metrics', logger: silentLogger, random, onReturn: (one) => void heard.push(one) })
  const stop = new AbortController()
  const run = async (partition: number): Promise<void> => {
    const delivery = metricsDelivery([sample('a', 1)], { agent: String(partition) })
    while (!stop.signal.aborted) {
      await writer.write([delivery], stop.signal).catch(() => undefined)
    }
  }
  for (let partition = 0; partition < count; partition++) void run(partition)
  return {
    until: (ms: number) => vi.advanceTimersByTimeAsync(ms - now()),
    triesOf: (partition: number, ok?: boolean) =>
      tries.filter((one) => one.partition === partition && (ok === undefined || one.ok === ok)).map(({ ms }) => ms),
    tries: (from = 0, to = Infinity) => tries.filter(({ ms }) => ms >= from && ms < to).length,
    /** Somebody has asked the storage, and it answers. */
    tellReturn: () => heard.forEach((one) => one()),
    stop: () => stop.abort(new Error('stopped')),
  }
}

/** A source of chance that is the same every time. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const gapsOf = (times: readonly number[]): readonly number[] => times.slice(1).map((ms, index) => ms - times[index]!)

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

describe('one write alone', () => {
  test('waits twice as long after each failure, up to the ceiling', async () => {
    const world = startPartitions(1, { answer: () => AWAY })
    await world.until(80_000)
    world.stop()
    expect(gapsOf(world.triesOf(0)).map((gap) => gap - 100)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000, 15_000])
  })

  test('never comes before its Retry-After has passed', async () => {
    const world = startPartitions(1, { answer: () => new RetryableError('429', { retryAfterMs: 20_000 }) })
    await world.until(70_000)
    world.stop()
    expect(world.triesOf(0)).toEqual([0, 20_100, 40_200, 60_300])
  })

  test('waits also for longer than a timer of Node can', async () => {
    const world = startPartitions(1, { answer: () => new RetryableError('429', { retryAfterMs: 2 ** 40 }) })
    await world.until(3_600_000)
    world.stop()
    expect(world.triesOf(0)).toEqual([0])
  })
})

describe('a storage that is away', () => {
  // Each by itself would send 40.
  const partitions = [
    [1, 35, 50],
    [3, 30, 90],
    [12, 60, 180],
    [100, 300, 1000],
  ] as const
  test.each(partitions)('%i partitions: between %i and %i bodies are sent for nothing in ten minutes', async (count, least, most) => {
    for (let seed = 1; seed <= 3; seed++) {
      const world = startPartitions(count, { answer: () => AWAY, random: createRandom(seed) })
      await world.until(660_000)
      world.stop()
      expect(world.tries(60_000)).toBeGreaterThanOrEqual(least)
      expect(world.tries(60_000)).toBeLessThanOrEqual(most)
    }
  })

  const returns: [how: string, first: Answer][] = [
    ['has what the first one writes', undefined],
    ['refuses what the first one writes', new PermanentError('400')],
  ]
  test.each(returns)('comes back and %s: all others follow, spread over the shortest delay', async (_, first) => {
    const BACK = 120_000
    for (let seed = 1; seed <= 3; seed++) {
      let writes = 0
      const answer = (_partition: number, ms: number): Answer => (ms < BACK ? AWAY : writes++ === 0 ? first : undefined)
      const world = startPartitions(12, { answer, random: createRandom(seed) })
      await world.until(BACK + 31_000)
      world.stop()
      const firsts = Array.from({ length: 12 }, (_unused, partition) => world.triesOf(partition).find((ms) => ms >= BACK) ?? Infinity)
      const earliest = Math.min(...firsts)
      expect(earliest).toBeLessThanOrEqual(BACK + 30_000)
      expect(Math.max(...firsts) - earliest).toBeLessThanOrEqual(100 + 200)
      expect(new Set(firsts).size).toBeGreaterThan(6)
    }
  })

  test('those that it told when to come do not come before', async () => {
    const told = new RetryableError('429', { retryAfterMs: 50_000 })
    const answer = (partition: number, ms: number): Answer => (ms < 10_000 ? (partition === 0 ? told : AWAY) : undefined)
    const world = startPartitions(3, { answer })
    await world.until(60_000)
    world.stop()
    expect(world.triesOf(0).slice(0, 2)).toEqual([0, 50_100])
    expect(world.triesOf(1, true)[0]).toBeLessThan(25_000)
  })

  test('goes away again: nobody is sent more often for that', async () => {
    let writes = 0
    const world = startPartitions(12, { answer: (_, ms) => (ms > 60_000 && ms < 65_000 && writes++ % 40 === 0 ? undefined : AWAY) })
    await world.until(660_000)
    world.stop()
    expect(world.tries(70_000)).toBeLessThan(180)
  })
})

describe('a storage that is asked apart from the writes, and said to be back', () => {
  const [BACK, TOLD] = [120_000, 121_000]

  test.each([1, 12])('%i partitions: all get through within a second, whatever they waited for', async (count) => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = startPartitions(count, { answer: (_, ms) => (ms < BACK ? AWAY : undefined), random: createRandom(seed) })
      await world.until(TOLD)
      world.tellReturn()
      await world.until(TOLD + 1000)
      world.stop()
      for (let partition = 0; partition < count; partition++) expect(world.triesOf(partition, true).length).toBeGreaterThan(0)
    }
  })

  test('but takes no bodies: one is sent for nothing', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const told = startPartitions(12, { answer: () => AWAY, random: createRandom(seed) })
      await told.until(TOLD)
      const before = told.tries(TOLD - 1000)
      told.tellReturn()
      await told.until(TOLD + 300)
      told.stop()
      expect(told.tries(TOLD - 1000) - before).toBeGreaterThanOrEqual(1)
      expect(told.tries(TOLD - 1000) - before).toBeLessThanOrEqual(2)
    }
  })

  test('while a write is under way that fails: it is tried again at once', async () => {
    const world = startPartitions(1, { answer: (_, ms) => (ms < BACK ? AWAY : undefined), tookMs: 20_000 })
    await world.until(BACK - 1)
    const last = world.triesOf(0).at(-1) ?? 0
    const isUnderWay = last + 20_000 > BACK
    expect(isUnderWay).toBe(true)
    world.tellReturn()
    await world.until(last + 20_000 + 200)
    world.stop()
    expect(world.triesOf(0, true)).toEqual([last + 20_100])
  })

  test('it is not sent what it told to come later', async () => {
    const told = new RetryableError('429', { retryAfterMs: 50_000 })
    const world = startPartitions(2, { answer: (partition, ms) => (ms < 5000 ? (partition === 0 ? told : AWAY) : undefined) })
    await world.until(5001)
    world.tellReturn()
    await world.until(51_000)
    world.stop()
    expect(world.triesOf(0).slice(0, 2)).toEqual([0, 50_100])
    expect(world.triesOf(1, true)[0]).toBeLessThan(5400)
  })
})

describe('a body that the storage cannot cope with', () => {
  const POISON = new RetryableError('500', { status: 500 })

  test('waits ever longer by itself while others succeed', async () => {
    const world = startPartitions(4, { answer: (partition) => (partition === 0 ? POISON : undefined) })
    await world.until(60_000)
    world.stop()
    const gaps = gapsOf(world.triesOf(0)).map((gap) => gap - 100)
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b))
    expect(gaps.slice(-4)).toEqual([6400, 12_800, 15_000, 15_000])
    expect(gaps.length).toBeLessThan(13)
    for (const partition of [1, 2, 3]) expect(world.triesOf(partition).length).toBeGreaterThanOrEqual(600)
  })

  test('does so with any chance', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const world = startPartitions(4, { answer: (partition) => (partition < 2 ? POISON : undefined), random: createRandom(seed) })
      await world.until(600_000)
      world.stop()
      // Alone it would be 8 until the ceiling, and then 40 on the average.
      for (const partition of [0, 1]) expect(world.triesOf(partition).length).toBeLessThan(100)
      for (const partition of [2, 3]) expect(world.triesOf(partition).length).toBeGreaterThanOrEqual(6000)
    }
  })

  test('holds up nobody after an outage, even when most are so', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const answer = (partition: number, ms: number): Answer => (ms < 60_000 ? AWAY : partition < 11 ? POISON : undefined)
      const world = startPartitions(12, { answer, random: createRandom(seed) })
      await world.until(220_000)
      world.stop()
      // Four times it believes others, the fifth time it tries itself.
      expect(world.triesOf(11, true)[0]).toBeLessThan(60_000 + 5 * 30_000 + 1000)
    }
  })
})

test('a write that began before another one failed says nothing of a return', async () => {
  const started: number[] = []
  let calls = 0
  const sink: Sink = {
    write: async () => {
      const call = calls++
      started.push(performance.now())
      await new Promise((resolve) => {
        setTimeout(resolve, call === 0 ? 1000 : 10)
      })
      if (call > 0 && call < 4) throw AWAY
    },
  }
  const start = performance.now()
  const writer = retrying(sink, { storage: 's', kind: 'metrics', logger: silentLogger, random: () => 0.999 })
  const writes = [writer.write([metricsDelivery([sample('a', 1)])], never), writer.write([metricsDelivery([sample('b', 1)])], never)]
  await vi.advanceTimersByTimeAsync(10_000)
  await Promise.all(writes)
  expect(started.map((ms) => Math.round((ms - start) / 10) * 10)).toEqual([0, 0, 210, 620, 1430])
})

import type { BatchHandler, BusRecord, PartitionBatch } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { inOneGroup } from './in-one-group.ts'

const record: BusRecord = {
  kind: 'metrics',
  key: 'k',
  value: Buffer.alloc(1),
  headers: {},
  origin: { logId: 'l', topic: 't', partition: 0, offset: 0n, timestampMs: 0 },
}

/** A call whose steps are the test's: storages of which each says how far it is. */
function call(storages: number, { commits: canCommit = true, signal = new AbortController().signal } = {}) {
  const commits: number[] = []
  const steps: { readonly reach: (count: number) => Promise<void>; readonly finish: () => void; readonly fail: (error: Error) => void }[] =
    []
  const signals: AbortSignal[] = []
  const releases: (() => void)[] = []
  let released = 0
  const handlers = Array.from({ length: storages }, (): BatchHandler => async (batch, own) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    signals.push(own)
    releases.push(() => batch.release?.())
    steps.push({ reach: (count) => batch.commit?.(count) ?? Promise.resolve(), finish: resolve, fail: reject })
    await promise
  })
  const batch: PartitionBatch = {
    topic: 't',
    partition: 0,
    records: Array.from({ length: 10 }, () => record),
    takeover: true,
    release: () => void released++,
    ...(canCommit ? { commit: async (count: number) => void commits.push(count) } : {}),
  }
  const done = inOneGroup(handlers)(batch, signal)
  done.catch(() => undefined)
  return { commits, steps, signals, done, releases, released: () => released }
}

const settledSoon = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])

describe('a batch for several storages', () => {
  test('is committed as far as all have it, and nobody goes on before that', async () => {
    const { commits, steps, done } = call(2)
    const first = steps[0]!.reach(3)
    expect(await settledSoon(first)).toBe(false)
    const second = steps[1]!.reach(5)
    await first
    expect(commits).toEqual([3])
    expect(await settledSoon(second)).toBe(false)
    const further = steps[0]!.reach(7)
    await second
    expect(commits).toEqual([3, 5])
    steps[1]!.finish()
    await further
    expect(commits).toEqual([3, 5, 7])
    expect(await settledSoon(done)).toBe(false)
    steps[0]!.finish()
    await done
    // The rest is the bus's own commit.
    expect(commits).toEqual([3, 5, 7])
  })

  test('has its memory given back when all storages have released it', () => {
    const { releases, released } = call(3)
    releases[0]!()
    releases[2]!()
    expect(released()).toBe(0)
    releases[1]!()
    expect(released()).toBe(1)
  })

  test('is done when the last storage is, where the bus commits whole batches', async () => {
    const { steps, done } = call(3, { commits: false })
    steps[0]!.finish()
    steps[1]!.finish()
    expect(await settledSoon(done)).toBe(false)
    steps[2]!.finish()
    await done
  })

  test('ends with the first failure, and the others are told', async () => {
    const { steps, signals, done, commits } = call(2)
    const waiting = steps[1]!.reach(4)
    const failure = new Error('the bus is broken')
    steps[0]!.fail(failure)
    await expect(waiting).rejects.toBe(failure)
    expect(signals[1]!.aborted).toBe(true)
    steps[1]!.fail(new Error('aborted'))
    await expect(done).rejects.toBe(failure)
    expect(commits).toEqual([])
  })

  test('ends for all when the partition is lost', async () => {
    const lost = new AbortController()
    const { steps, done, commits } = call(2, { signal: lost.signal })
    const waiting = steps[0]!.reach(4)
    lost.abort(new Error('lost'))
    await expect(waiting).rejects.toThrow('lost')
    for (const { fail } of steps) fail(new Error('aborted'))
    await expect(done).rejects.toThrow('lost')
    expect(commits).toEqual([])
  })
})

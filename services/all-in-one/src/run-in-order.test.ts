import type { Bus, PartitionLag } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { runInOrder, type Running } from './run-in-order.ts'

/** Three services that note what happens to them; each ends when it is told to, and when the test lets it. */
function setUp(options: { readonly lag?: () => readonly PartitionLag[]; readonly fails?: 'agent' | 'gateway' | 'ingester' } = {}) {
  const events: string[] = []
  const release = new Map<string, () => void>()
  const service =
    (name: 'agent' | 'gateway' | 'ingester') =>
    async (signal: AbortSignal): Promise<void> => {
      events.push(`${name} runs`)
      if (options.fails === name) throw new Error(`${name} broke`)
      if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      events.push(`${name} is told to stop`)
      await new Promise<void>((resolve) => release.set(name, resolve))
      events.push(`${name} has finished`)
    }
  const never = (): Promise<never> => Promise.reject(new Error('not asked here'))
  const bus: Bus = {
    produce: never,
    consume: never,
    read: async function* () {},
    close: never,
    unavailable: () => undefined,
    lag: async () => options.lag?.() ?? [],
  }
  const running: Running = {
    agent: { run: service('agent') },
    gateway: { run: service('gateway') },
    ingester: {
      run: service('ingester'),
      routes: [{ kind: 'metrics', storage: 's', topic: 't', group: 'g', sink: { write: never }, storesParts: false }],
    },
    bus: { bus, name: 'fake', topics: new Map(), groupId: 'clymene' },
    logger: silentLogger,
  }
  /** Lets a service finish as soon as it was told to stop. */
  const finish = async (name: string): Promise<void> => {
    await expect.poll(() => release.has(name), { timeout: 10_000 }).toBe(true)
    release.get(name)?.()
  }
  return { events, running, finish }
}

const at = (committed: number, end: number): PartitionLag => ({ partition: 0, committed: BigInt(committed), end: BigInt(end) })

describe('told to stop', () => {
  test('each goes on until the one before it has finished', async () => {
    const { events, running, finish } = setUp()
    const stop = new AbortController()
    const ended = runInOrder(running, stop.signal)
    await expect.poll(() => events.length).toBe(3)
    stop.abort()
    await expect.poll(() => events.slice(3)).toEqual(['agent is told to stop'])
    await finish('agent')
    await expect.poll(() => events.slice(4)).toEqual(['agent has finished', 'gateway is told to stop'])
    await finish('gateway')
    await expect.poll(() => events.slice(6)).toEqual(['gateway has finished', 'ingester is told to stop'])
    await finish('ingester')
    await ended
    expect(events.at(-1)).toBe('ingester has finished')
  })

  test('the ingester goes on until it has what is in the bus', async () => {
    let committed = 3
    const { events, running, finish } = setUp({ lag: () => [at(committed, 5)] })
    const stop = new AbortController()
    const ended = runInOrder(running, stop.signal)
    stop.abort()
    await finish('agent')
    await finish('gateway')
    await expect.poll(() => events).toContain('gateway has finished')
    committed = 4
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(events).not.toContain('ingester is told to stop')
    committed = 5
    await finish('ingester')
    await ended
  })

  test('also while the bus cannot say what is left: that is asked again', async () => {
    let asked = 0
    const { events, running, finish } = setUp({
      lag: () => {
        asked++
        if (asked <= 3) throw new Error('no answer')
        return [at(5, 5)]
      },
    })
    const stop = new AbortController()
    const ended = runInOrder(running, stop.signal)
    stop.abort()
    for (const name of ['agent', 'gateway', 'ingester']) await finish(name)
    await ended
    expect(asked).toBe(4)
    expect(events.at(-1)).toBe('ingester has finished')
  })

  test('and no longer than its patience: a store that is away gets the rest after the next start', async () => {
    const { events, running, finish } = setUp({ lag: () => [at(0, 5)] })
    const stop = new AbortController()
    const ended = runInOrder(running, stop.signal)
    stop.abort()
    for (const name of ['agent', 'gateway', 'ingester']) await finish(name)
    await ended
    expect(events.at(-1)).toBe('ingester has finished')
  })

  test('before it runs', async () => {
    const { events, running, finish } = setUp()
    const ended = runInOrder(running, AbortSignal.abort())
    for (const name of ['agent', 'gateway', 'ingester']) await finish(name)
    await ended
    expect(events.filter((event) => event.endsWith('has finished'))).toEqual([
      'agent has finished',
      'gateway has finished',
      'ingester has finished',
    ])
  })
})

describe('one that fails stops the others, in order, and is what went wrong', () => {
  test.each(['agent', 'gateway', 'ingester'] as const)('%s', async (fails) => {
    const { events, running, finish } = setUp({ fails })
    const ended = runInOrder(running, new AbortController().signal)
    const others = ['agent', 'gateway', 'ingester'].filter((name) => name !== fails)
    for (const name of others) await finish(name)
    await expect(ended).rejects.toThrow(`${fails} broke`)
    expect(events.filter((event) => event.endsWith('has finished'))).toEqual(others.map((name) => `${name} has finished`))
  })
})

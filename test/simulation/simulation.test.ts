import { describe, expect, test, vi } from 'vitest'

import { createChance } from './chance.ts'
import { planOf } from './events.ts'
import type { Mutation } from './ingester.ts'
import { describePlan, shrink } from './shrink.ts'
import { follow, simulate, unchanged } from './world.ts'

vi.mock('node:timers/promises', async () => {
  const { promisedTimeout } = await import('./clock.ts')
  return { setTimeout: promisedTimeout, default: { setTimeout: promisedTimeout } }
})

// Compression is another thread's: what a simulation waits for happens on its clock.
vi.mock('node:zlib', async (original) => {
  const zlib = await original<typeof import('node:zlib')>()
  return {
    ...zlib,
    zstdCompress: (bytes: Buffer, done: (error: null, packed: Buffer) => void) => done(null, bytes),
    zstdDecompressSync: (bytes: Buffer) => bytes,
  }
})

/** `SIMULATION_SEEDS=20000 SIMULATION_FIRST=1000 npx vitest run --project unit test/simulation` looks at other and at more seeds. */
const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 300)
const FIRST = Number(process.env['SIMULATION_FIRST'] ?? 1)
const LIMIT_MS = 120_000 + SEEDS * 200

/** The first seed that goes wrong. */
async function firstWrong(seeds: number, mutate: Mutation): Promise<number | undefined> {
  for (let seed = FIRST; seed < FIRST + seeds; seed++) if ((await simulate(seed, mutate)).length > 0) return seed
  return undefined
}

/** What to look at: the seed, the few events that matter, and what they lead to. */
async function storyOf(seed: number, mutate: Mutation): Promise<string> {
  const kindOf = (problems: readonly string[]): string => problems[0]?.replace(/[\d.]+/g, '').slice(0, 16) ?? ''
  const plan = planOf(createChance(seed))
  const kind = kindOf(await follow(seed, plan, mutate))
  const shortest = await shrink(plan, async (shorter) => kindOf(await follow(seed, shorter, mutate)) === kind)
  return [`seed ${seed}:`, describePlan(shortest), ...(await follow(seed, shortest, mutate))].join('\n')
}

test(
  `of ${SEEDS} seeds none loses, repeats more than a body, invents, or commits what is not settled`,
  async () => {
    const seed = await firstWrong(SEEDS, unchanged)
    expect(seed === undefined ? '' : await storyOf(seed, unchanged)).toBe('')
  },
  LIMIT_MS,
)

test('a seed is the same every time', async () => {
  const [one, other] = [await follow(7, planOf(createChance(7)), mutations.commitsBeforeIt), await simulate(7, mutations.commitsBeforeIt)]
  expect(one).toEqual(other)
})

const mutations = {
  commitsBeforeIt: (handle) => async (batch, signal) => {
    await batch.commit?.(batch.records.length)
    await handle(batch, signal)
  },
  hasAWindowOfOne: (handle) => (batch, signal) =>
    handle(batch.takeover ? { ...batch, repeatsBefore: batch.records[0]!.origin.offset + 1n } : batch, signal),
  forgetsThatItTookOver: (handle) => (batch, signal) => handle({ ...batch, takeover: false }, signal),
  doesNotAskWhoseItIs: (handle) => (batch, signal) => handle({ ...batch, isOurs: () => Promise.resolve(true) }, signal),
  leavesTheLastOneOut: (handle) => (batch, signal) =>
    batch.records.length > 3 ? handle({ ...batch, records: batch.records.slice(0, -1) }, signal) : handle(batch, signal),
  releasesWhateverCameOfIt: (handle) => async (batch, signal) => {
    await handle({ ...batch, release: () => undefined }, signal)
    batch.release?.()
  },
  goesOnWhenLost: (handle) => (batch) => handle(batch, new AbortController().signal),
} satisfies Record<string, Mutation>

describe('a delivery is found out that', () => {
  test.each<[name: string, mutate: Mutation, expected: RegExp]>([
    ['commits before it writes', mutations.commitsBeforeIt, /before it was settled/],
    ['looks for repeats in the first message only', mutations.hasAWindowOfOne, /false dead letter/],
    ['forgets that it took a partition over', mutations.forgetsThatItTookOver, /false dead letter/],
    ['does not ask whether the partition is still its own', mutations.doesNotAskWhoseItIs, /false dead letter/],
    ['leaves a message out', mutations.leavesTheLastOneOut, /neither stored nor a dead letter|before it was settled/],
    ['gives memory back that a request may still have', mutations.releasesWhateverCameOfIt, /memory that was used again/],
    ['goes on when a partition is lost', mutations.goesOnWhenLost, /./],
  ])(
    '%s',
    async (_name, mutate, expected) => {
      const seed = await firstWrong(3000, mutate)
      const story = seed === undefined ? 'nothing was found' : await storyOf(seed, mutate)
      expect(story).toMatch(expected)
    },
    LIMIT_MS,
  )
})

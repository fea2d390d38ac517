import type { Discoverer, TargetGroup } from '@clymene/model'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

export { startConsul, type ConsulServer } from './testing/consul-server.ts'
export { startScriptedServer, type ScriptedServer } from './testing/scripted-server.ts'

export type DiscovererFixture = {
  /** A discoverer that finds at least one group with a target. */
  readonly create: () => Discoverer
  readonly stop: () => Promise<void>
  /** The label that tells its targets apart. Default: `__address__`. */
  readonly nameLabel?: string
  /** Absent: nothing around it ever changes. */
  readonly world?: DiscovererWorld
}

/** What is around the discoverers of a fixture, where tests can change it. */
export type DiscovererWorld = {
  /** Adds a target, in a group of its own where that can be. @returns its name, an `__address__` */
  readonly add: () => Promise<string> | string
  /** Takes what was added away. */
  readonly remove: () => Promise<void> | void
  /** Looking fails from now on. */
  readonly fail: () => Promise<void> | void
  /** Whoever looks gets no answer from now on. Absent: that cannot happen. */
  readonly hang?: () => Promise<void> | void
  /** How many wait for an answer now. */
  readonly hanging?: () => number
  /** All is well again. */
  readonly recover: () => Promise<void> | void
  /** How often looking failed so far, as the metrics say. */
  readonly failures: () => Promise<number>
  /** What was configured and must not be shown. */
  readonly secrets?: readonly string[]
  /** All that was logged. */
  readonly logged?: () => string
}

const WAIT = { timeout: 20_000, interval: 10 }

/** What every {@link Discoverer} promises, as tests: each implementation runs them. */
export function describeDiscovererContract(name: string, start: () => Promise<DiscovererFixture>): void {
  describe(`discoverer contract: ${name}`, () => {
    let fixture: DiscovererFixture
    beforeAll(async () => {
      fixture = await start()
    })
    afterAll(() => fixture.stop())
    afterEach(async () => {
      await fixture.world?.recover()
      await fixture.world?.remove()
    })

    test('says what it found, in groups of different names', async () => {
      const groups = await firstGroups(fixture.create())
      expect(groups.some(({ targets }) => targets.length > 0)).toBe(true)
      expect(new Set(groups.map(({ source }) => source)).size).toBe(groups.length)
      for (const { labels, targets } of groups) for (const map of [labels, ...targets]) expect(map).toBeInstanceOf(Map)
    })

    test('a second start finds the same', async () => {
      const discoverer = fixture.create()
      const first = await firstGroups(discoverer)
      expect(await firstGroups(discoverer)).toEqual(first)
      expect(await firstGroups(fixture.create())).toEqual(first)
    })

    test('ends when it is told to, and says nothing more', async () => {
      const stop = new AbortController()
      let updates = 0
      const run = fixture.create().run(() => {
        updates++
        stop.abort()
      }, stop.signal)
      await run
      await fixture.world?.add()
      expect(updates).toBe(1)
    })

    test('says nothing when it is told to end before it began', async () => {
      let updates = 0
      await fixture.create().run(() => updates++, AbortSignal.abort())
      expect(updates).toBe(0)
    })

    test('what comes is said, and what goes is taken away by a group that is empty or without it', async () => {
      const { world } = fixture
      if (world === undefined) return
      const running = runDiscoverer(fixture.create(), fixture.nameLabel)
      try {
        await vi.waitFor(() => expect(running.addresses().size).toBeGreaterThan(0), WAIT)
        const before = running.addresses()
        const address = await world.add()
        await vi.waitFor(() => expect(running.addresses()).toEqual(new Set([...before, address])), WAIT)
        await world.remove()
        await vi.waitFor(() => expect(running.addresses()).toEqual(before), WAIT)
      } finally {
        await running.end()
      }
    })

    test('what is known stays while looking fails, and what is new afterwards is found', async () => {
      const { world } = fixture
      if (world === undefined) return
      const running = runDiscoverer(fixture.create(), fixture.nameLabel)
      try {
        await vi.waitFor(() => expect(running.addresses().size).toBeGreaterThan(0), WAIT)
        const before = running.addresses()
        const updates = running.updates()
        const failures = await world.failures()
        await world.fail()
        await vi.waitFor(async () => expect(await world.failures()).toBeGreaterThan(failures + 1), WAIT)
        expect(running.updates()).toBe(updates)
        await world.recover()
        const address = await world.add()
        await vi.waitFor(() => expect(running.addresses()).toEqual(new Set([...before, address])), WAIT)
      } finally {
        await running.end()
      }
    })

    test('a start that fails says nothing and waits: what others know is not gone; it goes on when it can', async () => {
      const { world } = fixture
      if (world === undefined) return
      const failures = await world.failures()
      await world.fail()
      const discoverer = fixture.create()
      const running = runDiscoverer(discoverer, fixture.nameLabel)
      try {
        await vi.waitFor(async () => expect(await world.failures()).toBeGreaterThan(failures + 1), WAIT)
        expect(running.addresses().size).toBe(0)
        expect(discoverer.waits?.()).toBe(true)
        await world.recover()
        await vi.waitFor(() => expect(running.addresses().size).toBeGreaterThan(0), WAIT)
        await vi.waitFor(() => expect(discoverer.waits?.()).toBe(false), WAIT)
      } finally {
        await running.end()
      }
    })

    test('ends at once while it waits for an answer', async () => {
      const { world } = fixture
      if (world?.hang === undefined) return
      await world.hang()
      const running = runDiscoverer(fixture.create(), fixture.nameLabel)
      await vi.waitFor(() => expect(world.hanging?.()).toBeGreaterThan(0), WAIT)
      await running.end()
      await world.recover()
      expect(running.updates()).toBe(0)
    })

    test('ends at once while it waits to try again', async () => {
      const { world } = fixture
      if (world === undefined) return
      const failures = await world.failures()
      await world.fail()
      const discoverer = fixture.create()
      const running = runDiscoverer(discoverer, fixture.nameLabel)
      await vi.waitFor(async () => expect(await world.failures()).toBeGreaterThan(failures), WAIT)
      await running.end()
      expect(discoverer.waits?.()).toBe(false)
    })

    test('shows no secret in what it says and logs', async () => {
      const { world } = fixture
      const secrets = world?.secrets ?? []
      if (world === undefined || secrets.length === 0) return
      const running = runDiscoverer(fixture.create(), fixture.nameLabel)
      try {
        await vi.waitFor(() => expect(running.addresses().size).toBeGreaterThan(0), WAIT)
        const failures = await world.failures()
        await world.fail()
        await vi.waitFor(async () => expect(await world.failures()).toBeGreaterThan(failures), WAIT)
        expect(world.logged?.()).not.toBe('')
        for (const secret of secrets) expect(`${world.logged?.()} ${running.said()}`).not.toContain(secret)
      } finally {
        await running.end()
      }
    })
  })
}

/** The groups of the first update. */
export async function firstGroups(discoverer: Discoverer): Promise<readonly TargetGroup[]> {
  const stop = new AbortController()
  const found: TargetGroup[] = []
  await discoverer.run((groups) => {
    found.push(...groups)
    stop.abort()
  }, stop.signal)
  return found
}

/** A discoverer that runs, and what a job would know from it. */
export function runDiscoverer(discoverer: Discoverer, nameLabel = '__address__') {
  const stop = new AbortController()
  const groups = new Map<string, TargetGroup>()
  const said: TargetGroup[] = []
  let updates = 0
  const running = discoverer.run((changed) => {
    updates++
    said.push(...changed)
    for (const group of changed) {
      if (group.targets.length === 0) groups.delete(group.source)
      else groups.set(group.source, group)
    }
  }, stop.signal)
  return {
    groups,
    updates: () => updates,
    /** The names of all targets, by default each its `__address__`. */
    addresses: (): ReadonlySet<string> =>
      new Set([...groups.values()].flatMap(({ targets }) => targets.map((target) => target.get(nameLabel) ?? ''))),
    /** Everything that was ever said, as text. */
    said: () => JSON.stringify(said.map(({ source, targets, labels }) => [source, targets.map((target) => [...target]), [...labels]])),
    /** Aborts it; resolves when it has ended. */
    end: async () => {
      stop.abort()
      await running
    },
  }
}

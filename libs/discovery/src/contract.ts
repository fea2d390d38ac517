import type { Discoverer, TargetGroup } from '@clymene/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

export type DiscovererFixture = {
  /** A discoverer that finds at least one group with a target. */
  readonly create: () => Discoverer
  readonly stop: () => Promise<void>
}

/** What every {@link Discoverer} promises, as tests: each implementation runs them. */
export function describeDiscovererContract(name: string, start: () => Promise<DiscovererFixture>): void {
  describe(`discoverer contract: ${name}`, () => {
    let fixture: DiscovererFixture
    beforeAll(async () => {
      fixture = await start()
    })
    afterAll(() => fixture.stop())

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
      expect(updates).toBe(1)
    })

    test('says nothing when it is told to end before it began', async () => {
      let updates = 0
      await fixture.create().run(() => updates++, AbortSignal.abort())
      expect(updates).toBe(0)
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

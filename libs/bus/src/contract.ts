import type { Bus, Kind } from '@clymene/model'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { BusAtHand } from './contract/at-hand.ts'
import { describeCommit } from './contract/commit.ts'
import { describeConsume } from './contract/consume.ts'
import { never, WAIT_MS } from './contract/consumption.ts'
import { numbered } from './contract/envelopes.ts'
import { describeProduce } from './contract/produce.ts'
import { describeRead } from './contract/read.ts'

/** What the suite needs of an implementation. Calls come one after the other. */
export type BusFixture = {
  /** Opens the bus; after a `close` again on the same messages and offsets, as a restart of the process does. */
  readonly open: () => Promise<Bus>
  /** Names a topic that carries this kind, has three partitions and holds nothing. */
  readonly newTopic: (kind: Kind) => Promise<string>
  /** A message with a value of half this many bytes is taken, one of twice as many is refused. */
  readonly maxMessageBytes: number
  readonly stop: () => Promise<void>
}

/** What every {@link Bus} promises, as tests: each implementation runs them against the real thing. */
export function describeBusContract(name: string, start: () => Promise<BusFixture>): void {
  describe(`bus contract: ${name}`, { timeout: WAIT_MS * 2 }, () => {
    let fixture: BusFixture
    const opened: Bus[] = []
    const at: BusAtHand = {
      open: async () => {
        const bus = await fixture.open()
        opened.push(bus)
        return bus
      },
      newTopic: (kind) => fixture.newTopic(kind),
      maxMessageBytes: () => fixture.maxMessageBytes,
    }
    beforeAll(async () => {
      fixture = await start()
    }, WAIT_MS * 2)
    afterEach(async () => {
      for (const bus of opened.splice(0)) await bus.close()
    }, WAIT_MS)
    afterAll(() => fixture.stop(), WAIT_MS)

    describeProduce(at)
    describeConsume(at)
    describeCommit(at)
    describeRead(at)

    test('is available when it can be used', async () => {
      const bus = await at.open()
      await bus.produce(await at.newTopic('metrics'), numbered(['a'], 0, 1), never())
      expect(bus.unavailable()).toBeUndefined()
    })
  })
}

export { createAssignment } from './kafka/assignment.ts'

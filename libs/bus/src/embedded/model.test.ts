import { rmSync } from 'node:fs'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { openEmbeddedBus, type EmbeddedBus } from './embedded-bus.ts'
import { message, never, readRest, sequencesOf, temporaryDirectory } from './test-kit.ts'

/*
 * The log against a model that is a list: messages 0, 1, 2 … of one partition, of which retention may have taken the
 * oldest ones. Whatever happens, in which order, a group reads each message that is there once, in order, and misses
 * none but those that were taken.
 */
type Model = { sent: number; readonly read: Map<string, number>; clock: number }
type Real = { bus: EmbeddedBus; readonly reopen: () => Promise<void> }

const GROUPS = ['g', 'h']
const PAST = 1_795_000_000_000

const lagOf = async ({ bus }: Real, group: string) => {
  const [lag] = await bus.lag('t', group, never())
  return { committed: Number(lag?.committed), end: Number(lag?.end) }
}
/** Offset of the oldest message that is left: where a group that never came stands. */
const oldest = async (real: Real): Promise<number> => (await lagOf(real, 'never came')).committed

const commands = fc.oneof(
  fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 9 }), bytes: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ do: fc.constant('read' as const), group: fc.constantFrom(...GROUPS) }),
  fc.record({ do: fc.constant('read a part' as const), group: fc.constantFrom(...GROUPS), count: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ do: fc.constant('age' as const), hours: fc.integer({ min: 0, max: 30 }) }),
  fc.record({ do: fc.constant('reopen' as const) }),
)
type Command = typeof commands extends fc.Arbitrary<infer T> ? T : never

async function step(command: Command, model: Model, real: Real): Promise<void> {
  switch (command.do) {
    case 'append': {
      const batch = Array.from({ length: command.count }, (_, index) => message(model.sent + index, command.bytes))
      await real.bus.produce('t', batch, never())
      model.sent += command.count
      return
    }
    case 'read': {
      const from = Math.max(model.read.get(command.group) ?? 0, await oldest(real))
      const got = await readRest(real.bus, 't', command.group)
      expect(sequencesOf(got)).toEqual(Array.from({ length: model.sent - from }, (_, index) => from + index))
      expect(got.map(({ origin }) => Number(origin.offset))).toEqual(sequencesOf(got))
      if (model.sent > from) model.read.set(command.group, model.sent)
      return
    }
    case 'read a part': {
      const from = Math.max(model.read.get(command.group) ?? 0, await oldest(real))
      if (from === model.sent) return
      let part = 0
      const failure = new Error('the rest is refused')
      const consumed = real.bus.consume(
        't',
        command.group,
        async ({ records, commit }) => {
          part = Math.min(command.count, records.length)
          expect(records[0]?.headers.sequence).toBe(from)
          await commit?.(part)
          throw failure
        },
        never(),
      )
      await expect(consumed).rejects.toBe(failure)
      model.read.set(command.group, from + part)
      return
    }
    case 'age':
      model.clock += command.hours * 3_600_000
      await real.bus.housekeep()
      return
    case 'reopen':
      await real.reopen()
  }
}

test('the log does what a list does', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commands, { minLength: 5, maxLength: 40 }), fc.constantFrom(0, 60_000), async (list, fsyncIntervalMs) => {
      const directory = temporaryDirectory()
      const model: Model = { sent: 0, read: new Map(), clock: PAST }
      const open = () =>
        openEmbeddedBus({
          directory,
          fsyncIntervalMs,
          maxMessageBytes: 16 * 1024,
          maxBytes: 64 * 1024,
          segmentBytes: 4096,
          batchBytes: 8192,
          housekeepingMs: 0,
          now: () => model.clock,
        })
      const real: Real = {
        bus: await open(),
        reopen: async () => {
          await real.bus.close()
          real.bus = await open()
        },
      }
      try {
        for (const command of list) {
          await step(command, model, real)
          expect((await lagOf(real, 'never came')).end).toBe(model.sent)
          expect(real.bus.bytes()).toBeLessThanOrEqual(64 * 1024)
        }
      } finally {
        await real.bus.close()
        rmSync(directory, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})

import { readdirSync } from 'node:fs'

import { RetryableError } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { openEmbeddedBus } from './embedded-bus.ts'
import { createFullDisk } from './full-disk.ts'
import { message, never, openBus, PATIENT, produce, readRest, recordingLogger, sequencesOf, temporaryDirectory, upTo } from './test-kit.ts'

describe('a full disk', () => {
  test('refuses for now, shows nothing half-written, and goes on when there is room', async () => {
    const directory = temporaryDirectory()
    const disk = createFullDisk(Infinity)
    const logger = recordingLogger()
    const bus = await openBus({ directory, openFile: disk.open, logger })
    await produce(bus, 't', message(0, 1000))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0])
    disk.left = 1500
    const refused = produce(bus, 't', message(1, 1000), message(2, 1000))
    await expect(refused).rejects.toThrow(RetryableError)
    await expect(refused).rejects.toThrow(`the disk of ${directory} is full`)
    expect(bus.unavailable()).toBe(`the disk of ${directory} is full`)
    await expect(produce(bus, 't', message(1, 1000))).rejects.toThrow('is full')
    expect(logger.lines).toMatchObject([{ level: 'error', message: 'nothing can be written', fields: { path: directory } }])
    expect(await bus.lag('t', 'g', never())).toEqual([{ partition: 0, committed: 1n, end: 1n }])
    disk.left = Infinity
    await produce(bus, 't', message(1, 1000), message(2, 1000))
    expect(bus.unavailable()).toBeUndefined()
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([1, 2])
    await bus.close()
    const again = await openBus({ directory })
    expect(sequencesOf(await readRest(again, 't', 'h'))).toEqual([0, 1, 2])
  })

  test('wherever the write stops: after a restart there is what was acknowledged', async () => {
    for (let left = 0; left < 400; left += 7) {
      const directory = temporaryDirectory()
      const disk = createFullDisk(Infinity)
      const bus = await openEmbeddedBus({ directory, openFile: disk.open, housekeepingMs: 0 })
      await produce(bus, 't', message(0))
      disk.left = left
      const acknowledged = [0]
      for (const sequence of [1, 2, 3]) {
        await produce(bus, 't', message(sequence, 60)).then(
          () => acknowledged.push(sequence),
          () => undefined,
        )
      }
      expect(acknowledged.length).toBeLessThan(4)
      await bus.close()
      const again = await openEmbeddedBus({ directory, housekeepingMs: 0 })
      expect(sequencesOf(await readRest(again, 't', 'g'))).toEqual(acknowledged)
      await again.close()
    }
  })

  test('is found to have room again without a sender', async () => {
    const disk = createFullDisk(Infinity)
    const bus = await openBus({ directory: temporaryDirectory(), openFile: disk.open })
    await produce(bus, 't', message(0))
    disk.left = 10
    await expect(produce(bus, 't', message(1))).rejects.toThrow('is full')
    await bus.housekeep()
    expect(bus.unavailable()).toBeUndefined()
  })

  test('a topic that cannot be made is made later, its consumer waits', async () => {
    const disk = createFullDisk(0)
    const directory = temporaryDirectory()
    const bus = await openBus({ directory, openFile: disk.open })
    await expect(produce(bus, 't', message(0))).rejects.toThrow('is full')
    const stop = new AbortController()
    const got: (number | undefined)[] = []
    const done = bus.consume(
      't',
      'g',
      async ({ records }) => {
        got.push(...sequencesOf(records))
        stop.abort()
      },
      stop.signal,
    )
    expect(readdirSync(`${directory}/topics/t/0`)).toEqual([])
    disk.left = Infinity
    await produce(bus, 't', message(0))
    await done
    expect(got).toEqual([0])
  })

  test('ends a consumer that waits for its topic when it is told to stop', async () => {
    const bus = await openBus({ directory: temporaryDirectory(), openFile: createFullDisk(0).open })
    const stop = new AbortController()
    const done = bus.consume('t', 'g', () => Promise.resolve(), stop.signal)
    await expect(bus.lag('t', 'g', never())).rejects.toThrow('is full')
    stop.abort()
    await expect(done).resolves.toBeUndefined()
  })
})

describe('a disk that fails to sync', () => {
  test('acknowledges nothing of it, and goes on in a new segment', async () => {
    const directory = temporaryDirectory()
    const disk = createFullDisk(Infinity)
    const metrics = createMetrics()
    const bus = await openBus({ directory, openFile: disk.open, metrics })
    await produce(bus, 't', message(0))
    disk.failSync = true
    await expect(produce(bus, 't', message(1))).rejects.toThrow(`cannot write under ${directory}: EIO`)
    expect(bus.unavailable()).toMatch('EIO')
    disk.failSync = false
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0])
    await produce(bus, 't', message(2))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([2])
    expect(readdirSync(`${directory}/topics/t/0`)).toHaveLength(2)
    expect(await metrics.registry.getSingleMetricAsString('clymene_bus_append_failures_total')).toContain('_total 1')
  })

  test('what was refused is not there after a restart', async () => {
    const directory = temporaryDirectory()
    const disk = createFullDisk(Infinity)
    const bus = await openBus({ directory, openFile: disk.open })
    await produce(bus, 't', message(0))
    disk.failSync = true
    await expect(produce(bus, 't', message(1))).rejects.toThrow('EIO')
    await bus.close()
    expect(sequencesOf(await readRest(await openBus({ directory }), 't', 'g'))).toEqual([0])
  })

  test('a commit that fails is said, and the group goes on', async () => {
    const disk = createFullDisk(Infinity)
    const logger = recordingLogger()
    const bus = await openBus({ directory: temporaryDirectory(), openFile: disk.open, logger })
    await produce(bus, 't', message(0))
    const stop = new AbortController()
    let calls = 0
    const done = bus.consume(
      't',
      'g',
      async () => {
        disk.failSync = ++calls === 1
        if (calls === 2) stop.abort()
      },
      stop.signal,
    )
    await expect
      .poll(() => logger.lines, PATIENT)
      .toMatchObject([{ level: 'error', message: 'a commit failed', fields: { group: 'g', topic: 't' } }])
    disk.failSync = false
    await produce(bus, 't', message(1))
    await done
    expect((await bus.lag('t', 'g', never()))[0]).toEqual({ partition: 0, committed: 2n, end: 2n })
  })
})

describe('group commit', () => {
  test('many callers share a write and a sync', async () => {
    const disk = createFullDisk(Infinity)
    const bus = await openBus({ directory: temporaryDirectory(), openFile: disk.open })
    await produce(bus, 't', message(0))
    disk.writes = 0
    disk.syncs = 0
    await Promise.all(upTo(500).map((sequence) => produce(bus, 't', message(sequence + 1))))
    expect(disk.syncs).toBeLessThan(20)
    expect(disk.writes).toBe(disk.syncs)
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual(upTo(501))
  })

  test('with an interval the write is acknowledged and synced later', async () => {
    const disk = createFullDisk(Infinity)
    const bus = await openBus({ directory: temporaryDirectory(), openFile: disk.open, fsyncIntervalMs: 20 })
    await produce(bus, 't', message(0))
    await expect.poll(() => disk.syncs, PATIENT).toBe(2)
    disk.failSync = true
    await produce(bus, 't', message(1))
    await expect.poll(() => bus.unavailable(), PATIENT).toMatch('EIO')
    disk.failSync = false
    await expect.poll(() => disk.syncs, PATIENT).toBeGreaterThan(3)
  })

  test('what waits is bounded, and a caller that gives up takes it out', async () => {
    const disk = createFullDisk(Infinity)
    const held = Promise.withResolvers<void>()
    let holding = false
    let syncing = 0
    const bus = await openBus({
      directory: temporaryDirectory(),
      maxQueuedBytes: 3000,
      openFile: async (path) => {
        const file = await disk.open(path)
        return {
          ...file,
          datasync: async () => {
            if (holding) {
              syncing++
              await held.promise
            }
            await file.datasync()
          },
        }
      },
    })
    await produce(bus, 't', message(0))
    holding = true
    const first = produce(bus, 't', message(1, 2000))
    await expect.poll(() => syncing, PATIENT).toBe(1)
    const stop = new AbortController()
    const second = bus.produce('t', [message(2, 2000)], stop.signal)
    const third = produce(bus, 't', message(3, 2000))
    await expect(third).rejects.toThrow(RetryableError)
    await expect(third).rejects.toThrow('the disk is slow')
    stop.abort()
    await expect(second).rejects.toThrow(/abort/)
    holding = false
    held.resolve()
    await first
    await produce(bus, 't', message(4))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0, 1, 4])
  })
})

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError, RetryableError } from '@clymene/model'
import { aborted, createMetrics, parseFlags } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import { openEmbeddedBus } from './embedded-bus.ts'
import { embeddedBusFlags, embeddedBusSettings } from './flags.ts'
import { message, never, openBus, PATIENT, produce, readRest, recordingLogger, sequencesOf, temporaryDirectory, upTo } from './test-kit.ts'

const MIB = 1024 ** 2

describe('openEmbeddedBus', () => {
  test('names every option that is wrong', async () => {
    const wrong = { directory: '/nowhere', maxBytes: MIB, maxAgeMs: 1, partitions: 0, fsyncIntervalMs: 60_001, segmentBytes: 0 }
    const failure = await openEmbeddedBus(wrong).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConfigError)
    expect(failure).toMatchObject({
      mistakes: [
        '--bus.max-bytes=1MiB: expected at least 16MiB, twice the largest message',
        '--bus.max-age=1ms: expected at least 1s',
        '--bus.partitions=0: expected a whole number between 1 and 256',
        '--bus.fsync-interval=60001ms: expected between 0s and 1m',
        '--bus.segment-bytes=0: expected between 1 and 256MiB',
      ],
    })
  })

  test('keeps its id for ever', async () => {
    const directory = temporaryDirectory()
    const first = await openBus({ directory })
    await first.close()
    const second = await openBus({ directory })
    expect(second.logId).toBe(first.logId)
    expect((await openBus({ directory: temporaryDirectory() })).logId).not.toBe(first.logId)
  })

  test.each(['', '{}', '{"version":2,"logId":"x"}', '{"version":1,"logId":""}'])(
    'refuses %j as id, and lets the directory go',
    async (text) => {
      const directory = temporaryDirectory()
      writeFileSync(join(directory, 'log.json'), text)
      await expect(openEmbeddedBus({ directory })).rejects.toThrow(/log\.json: expected \{"version":1/)
      writeFileSync(join(directory, 'log.json'), '{"version":1,"logId":"mine"}')
      expect((await openBus({ directory })).logId).toBe('mine')
    },
  )

  test('is refused a directory that is in use', async () => {
    const directory = temporaryDirectory()
    await openBus({ directory })
    await expect(openEmbeddedBus({ directory })).rejects.toThrow('is used by this process already')
  })

  test('a topic keeps the partitions that it was made with', async () => {
    const directory = temporaryDirectory()
    const first = await openBus({ directory, partitions: 2 })
    await produce(first, 't', message(0))
    await first.close()
    const logger = recordingLogger()
    const second = await openBus({ directory, partitions: 4, logger })
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { topic: 't', partitions: 2, wanted: 4 } }])
    expect(await second.lag('t', 'g', never())).toHaveLength(2)
    expect(await second.lag('u', 'g', never())).toHaveLength(4)
  })

  test('its metrics tell one log from another in the same process', async () => {
    const metrics = createMetrics()
    for (const component of ['bus', 'buffer']) {
      const bus = await openBus({ directory: temporaryDirectory(), metrics, component, maxBytes: 2 ** 24 })
      await produce(bus, 't', message(0), message(1))
      await bus.housekeep()
    }
    const text = await metrics.registry.metrics()
    for (const component of ['bus', 'buffer']) {
      expect(text).toMatch(new RegExp(`^clymene_${component}_bytes\\{topic="t"\\} [1-9]`, 'm'))
      expect(text).toMatch(new RegExp(`^clymene_${component}_max_bytes 16777216$`, 'm'))
      expect(text).toMatch(new RegExp(`^clymene_${component}_appended_records_total\\{topic="t"\\} 2$`, 'm'))
      expect(text).toMatch(new RegExp(`^clymene_${component}_fsync_seconds_count [1-9]`, 'm'))
    }
  })

  test('keeps house by itself', async () => {
    const metrics = createMetrics()
    const bus = await openBus({ directory: temporaryDirectory(), metrics, housekeepingMs: 5 })
    await produce(bus, 't', message(0))
    await expect.poll(() => metrics.registry.getSingleMetricAsString('clymene_bus_bytes'), PATIENT).toContain('topic="t"')
  })
})

describe('after a power cut', () => {
  test('with a sync interval, offsets that may have been read are not given again', async () => {
    const directory = temporaryDirectory()
    const first = await openBus({ directory, fsyncIntervalMs: 60_000 })
    await produce(first, 't', ...upTo(3).map((sequence) => message(sequence)))
    expect(sequencesOf(await readRest(first, 't', 'g'))).toEqual([0, 1, 2])
    await first.close()
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: 1, started: '1', boot: 'the one before', syncedLater: true }))
    const logger = recordingLogger()
    const second = await openBus({ directory, logger })
    expect(logger.lines).toMatchObject([{ level: 'error', message: expect.stringContaining('of the last fsync interval may be lost') }])
    const gap = 3n + 2n ** 20n
    expect(await second.lag('t', 'g', never())).toEqual([{ partition: 0, committed: gap, end: gap }])
    await produce(second, 't', message(3))
    await second.close()
    const third = await openBus({ directory, logger })
    expect(await third.lag('t', 'g', never())).toEqual([{ partition: 0, committed: gap, end: gap + 1n }])
    expect(sequencesOf(await readRest(third, 't', 'h'))).toEqual([0, 1, 2, 3])
    expect((await readRest(third, 't', 'g')).map(({ origin }) => origin.offset)).toEqual([gap])
    expect(logger.lines).toHaveLength(1)
  })

  test('what a group has read is not given again, should the log be shorter', async () => {
    const directory = temporaryDirectory()
    const first = await openBus({ directory })
    await produce(first, 't', ...upTo(3).map((sequence) => message(sequence)))
    await readRest(first, 't', 'g')
    await first.close()
    const path = join(directory, 'topics', 't', '0', '00000000000000000000.log')
    writeFileSync(path, readFileSync(path).subarray(0, -10))
    const second = await openBus({ directory })
    await produce(second, 't', message(3))
    expect(await readRest(second, 't', 'g')).toMatchObject([{ headers: { sequence: 3 }, origin: { offset: 3n } }])
  })
})

describe('consume', () => {
  test('a group has one consumer of a topic at a time', async () => {
    const bus = await openBus({ directory: temporaryDirectory() })
    const stop = new AbortController()
    const first = bus.consume('t', 'g', () => Promise.resolve(), stop.signal)
    await expect(bus.consume('t', 'g', () => Promise.resolve(), never())).rejects.toThrow('group g consumes topic t already')
    stop.abort()
    await first
    await produce(bus, 't', message(0))
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0])
  })

  test('an aborted signal starts nothing', async () => {
    const bus = await openBus({ directory: temporaryDirectory() })
    await produce(bus, 't', message(0))
    const consumed = bus.consume('t', 'g', () => Promise.reject(new Error('called')), AbortSignal.abort())
    await expect(consumed).resolves.toBeUndefined()
  })

  test('a batch is bounded in bytes, a bigger message comes alone', async () => {
    const bus = await openBus({ directory: temporaryDirectory(), batchBytes: 5000 })
    const sizes = [1000, 1000, 1000, 20_000, 1000, 1000]
    await produce(bus, 't', ...sizes.map((bytes, sequence) => message(sequence, bytes)))
    const batches: number[] = []
    const stop = new AbortController()
    await bus.consume(
      't',
      'g',
      async ({ records }) => {
        batches.push(records.length)
        if (records.some(({ headers }) => headers.sequence === 5)) stop.abort()
      },
      stop.signal,
    )
    expect(batches).toEqual([3, 1, 2])
  })

  test('what came during a slow call is one batch, together with what was read ahead', async () => {
    const bus = await openBus({ directory: temporaryDirectory(), batchBytes: 5000 })
    await produce(bus, 't', message(0, 6000), message(1))
    const batches: (number | undefined)[][] = []
    const stop = new AbortController()
    await bus.consume(
      't',
      'g',
      async ({ records }) => {
        batches.push(sequencesOf(records))
        if (batches.length === 1) for (const sequence of [2, 3]) await produce(bus, 't', message(sequence))
        else stop.abort()
      },
      stop.signal,
    )
    expect(batches).toEqual([[0], [1, 2, 3]])
  })

  test.each([-1, 3, 0.5])('a commit of %d out of two messages is refused', async (count) => {
    const bus = await openBus({ directory: temporaryDirectory() })
    await produce(bus, 't', message(0), message(1))
    await expect(bus.consume('t', 'g', async ({ commit }) => commit?.(count), never())).rejects.toThrow(
      `commit of ${count} records: expected 0 to 2`,
    )
  })

  test('commits go forward only, and none comes after the call', async () => {
    const bus = await openBus({ directory: temporaryDirectory() })
    await produce(bus, 't', message(0), message(1), message(2))
    const failure = new Error('no more')
    let late: (() => Promise<void> | undefined) | undefined
    const consumed = bus.consume(
      't',
      'g',
      async ({ commit }) => {
        late = () => commit?.(3)
        await commit?.(2)
        await commit?.(1)
        throw failure
      },
      never(),
    )
    await expect(consumed).rejects.toBe(failure)
    await late?.()
    expect(await bus.lag('t', 'g', never())).toEqual([{ partition: 0, committed: 2n, end: 3n }])
  })

  test('a call that rejects stops the other partitions: their signals are aborted, what resolved is committed', async () => {
    const bus = await openBus({ directory: temporaryDirectory(), partitions: 3, drainMs: 60_000 })
    const keys = upTo(24).map((index) => `key ${index}`)
    await produce(bus, 't', ...keys.map((key, sequence) => message(sequence, 0, key)))
    const failure = new Error('refused')
    const pending = new Set<number>()
    let stopped = 0
    const consumed = bus.consume(
      't',
      'g',
      async ({ partition }, signal) => {
        pending.add(partition)
        await expect.poll(() => pending.size, PATIENT).toBe(3)
        if (partition === 0) throw failure
        await aborted(signal)
        stopped++
        if (partition === 1) throw signal.reason
      },
      never(),
    )
    await expect(consumed).rejects.toBe(failure)
    expect(stopped).toBe(2)
    expect((await bus.lag('t', 'g', never())).map(({ committed, end }) => committed === end)).toEqual([false, false, true])
  })
})

describe('names', () => {
  test.each(['', 'x'.repeat(241), '/'.repeat(81)])('a topic or group that no directory can have as name is refused: %j', async (name) => {
    const bus = await openBus({ directory: temporaryDirectory() })
    await expect(produce(bus, name, message(0))).rejects.toThrow(ConfigError)
    await expect(bus.consume(name, 'g', () => Promise.resolve(), never())).rejects.toThrow(ConfigError)
    await expect(bus.consume('t', name, () => Promise.resolve(), never())).rejects.toThrow('expected 1 to 240 characters')
    expect(bus.unavailable()).toBeUndefined()
  })

  test('others are as good as any', async () => {
    const directory = temporaryDirectory()
    const names = ['..', '__proto__', 'a/b', '-0.offset', 'ünï', 't.new']
    const bus = await openBus({ directory })
    for (const [index, name] of names.entries()) {
      await produce(bus, name, message(index))
      expect(sequencesOf(await readRest(bus, name, name))).toEqual([index])
    }
    await bus.close()
    const again = await openBus({ directory })
    for (const name of names) expect(await again.lag(name, name, never())).toEqual([{ partition: 0, committed: 1n, end: 1n }])
  })
})

describe('close', () => {
  test('waits for the pending call and commits it; afterwards everything is refused', async () => {
    const directory = temporaryDirectory()
    const bus = await openBus({ directory, drainMs: 60_000 })
    await produce(bus, 't', message(0))
    const free = Promise.withResolvers<void>()
    let called = false
    const consumed = bus.consume(
      't',
      'g',
      async () => {
        called = true
        await free.promise
      },
      never(),
    )
    await expect.poll(() => called, PATIENT).toBe(true)
    const closed = bus.close()
    expect(bus.unavailable()).toBe('the bus is closed')
    free.resolve()
    await Promise.all([consumed, closed, bus.close()])
    await expect(produce(bus, 't', message(1))).rejects.toThrow(RetryableError)
    await expect(bus.consume('t', 'g', () => Promise.resolve(), never())).rejects.toThrow('is closed')
    await expect(bus.lag('t', 'g', never())).rejects.toThrow('is closed')
    expect(await readRest(await openBus({ directory }), 't', 'g')).toEqual([])
  })

  test('what is being written is written', async () => {
    const directory = temporaryDirectory()
    const bus = await openBus({ directory, fsyncIntervalMs: 60_000 })
    await produce(bus, 't', message(0))
    const sent = Promise.all(upTo(100).map((sequence) => produce(bus, 't', message(sequence + 1))))
    await Promise.all([sent, new Promise((resolve) => setImmediate(resolve)).then(() => bus.close())])
    expect(sequencesOf(await readRest(await openBus({ directory }), 't', 'g'))).toEqual(upTo(101))
  })
})

describe('flags', () => {
  test('give the options', () => {
    const defaults = { maxBytes: 512 * MIB, maxAgeMs: 86_400_000, full: 'expire', partitions: 1, fsyncIntervalMs: 0 }
    expect(embeddedBusSettings(parseFlags(embeddedBusFlags, [], {}).values)).toEqual(defaults)
    const argv = ['--bus.max-bytes=64MiB', '--bus.full=refuse', '--bus.partitions=3', '--bus.max-age=2h', '--bus.fsync-interval=1s']
    expect(embeddedBusSettings(parseFlags(embeddedBusFlags, argv, {}).values)).toEqual({
      maxBytes: 64 * MIB,
      maxAgeMs: 7_200_000,
      full: 'refuse',
      partitions: 3,
      fsyncIntervalMs: 1000,
    })
  })
})

test('a batch that its reader released is gone from memory; the log still has it', async () => {
  const bus = await openBus({ directory: temporaryDirectory(), maxMessageBytes: 1024 * 1024 })
  await produce(bus, 't', message(0, 200_000), message(1, 200_000))
  const kept: Buffer[] = []
  const stop = new AbortController()
  await bus.consume(
    't',
    'g',
    async ({ records, release }) => {
      kept.push(...records.map(({ value }) => value))
      release?.()
      stop.abort()
    },
    stop.signal,
  )
  expect(kept.map(({ length }) => length)).toEqual([0, 0])
  expect((await readRest(bus, 't', 'h')).map(({ value }) => value.length)).toEqual([200_000, 200_000])
})

test('whose lock another process has taken writes nothing any more: calls and consumptions reject, which the log and the readiness tell', async () => {
  const directory = temporaryDirectory()
  const logger = recordingLogger()
  const bus = await openBus({ directory, logger, maxAgeMs: 1000, housekeepingMs: 5, fsyncIntervalMs: 1000 })
  await produce(bus, 't', message(0))
  const consumed = bus.consume('t', 'g', async () => undefined, never()).catch((error: unknown) => error)
  const log = join(directory, 'topics', 't', '0', '00000000000000000000.log')
  const { length } = readFileSync(log)
  writeFileSync(join(directory, 'taken'), JSON.stringify({ pid: 1, host: 'pod-2' }))
  renameSync(join(directory, 'taken'), join(directory, 'lock'))
  const REASON = `${join(directory, 'lock')} was taken over by process 1 of pod-2: nothing is written here any more`
  await expect.poll(() => bus.unavailable(), PATIENT).toBe(REASON)
  expect(await consumed).toEqual(new RetryableError(REASON, { needsOperator: true }))
  await expect(produce(bus, 't', message(1))).rejects.toThrow(REASON)
  expect(logger.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { path: directory, error: REASON } }])
  await bus.close()
  expect(readFileSync(log)).toHaveLength(length)
  expect(readFileSync(join(directory, 'lock'), 'utf8')).toContain('pod-2')
})

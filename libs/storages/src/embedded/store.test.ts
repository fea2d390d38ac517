import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { labelValue, PermanentError, RetryableError, type Label, type LogStream, type TimeSeries } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { compress } from '@clymene/wire'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { line, logsDelivery, metricsDelivery, sample } from '../testing/messages.ts'
import { copyOf, openCopy, openStore, signal, temporaryDirectory, type TestStore } from './testing/open-store.ts'

const MEBIBYTE = 1024 * 1024
const forEver = { fromMs: -1e15, toMs: 1e15, stepMs: 1, fn: 'raw' } as const

const writeSamples = (store: TestStore, series: readonly TimeSeries[]): Promise<void> =>
  store.sinks.metrics.write([metricsDelivery(series)], signal)
const writeLines = (store: TestStore, streams: readonly LogStream[]): Promise<void> =>
  store.sinks.logs.write([logsDelivery(streams)], signal)
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Every sample that the store has, by `i`. */
async function allSamples(store: TestStore): Promise<Record<string, (readonly [number, number])[]>> {
  const series = await store.range({ name: 'up', ...forEver })
  return Object.fromEntries(series.map(({ labels, points }) => [labelValue(labels, 'i'), [...points]]))
}
const allLines = async (store: TestStore): Promise<string[]> => (await store.logs({ limit: 5000 })).map((found) => found.line)

describe('a write', () => {
  test('is there when it resolves, and after a clean restart', async () => {
    const store = await openStore()
    await writeSamples(store, [sample('a', 1000), sample('b', 1000), sample('a', 2000)])
    await writeLines(store, [line('x', 5n, 'one'), line('y', 6n, 'two')])
    const expected = {
      a: [
        [1000, 1000],
        [2000, 2000],
      ],
      b: [[1000, 1000]],
    }
    expect(await allSamples(store)).toEqual(expected)
    expect(await allLines(store)).toEqual(['two', 'one'])
    await store.close()

    const again = await openStore({ directory: store.directory })
    expect(await allSamples(again)).toEqual(expected)
    expect(await allLines(again)).toEqual(['two', 'one'])
    expect(again.stats()).toMatchObject({ series: 2, streams: 2, samples: 3, lines: 2 })
  })

  test('is there after a crash as soon as it has resolved', async () => {
    const store = await openStore()
    await writeSamples(store, [sample('a', 1000), sample('b', 1000)])
    await writeLines(store, [line('x', 5n, 'one')])
    const copy = await openCopy(store)
    expect(await allSamples(copy)).toEqual({ a: [[1000, 1000]], b: [[1000, 1000]] })
    expect(await allLines(copy)).toEqual(['one'])
    expect(copy.stats()).toMatchObject({ samples: 2, lines: 1 })
  })

  test('of many at once: each resolves with its own, in order', async () => {
    const store = await openStore()
    const times = Array.from({ length: 200 }, (_, at) => at)
    await Promise.all(times.map((at) => writeSamples(store, [sample('a', at)])))
    expect(store.stats().samples).toBe(200)
    expect((await allSamples(store))['a']?.map(([timeMs]) => timeMs)).toEqual(times)
  })

  test('keeps structured metadata', async () => {
    const store = await openStore()
    await writeLines(store, [{ labels: [['app', 'x']], entries: [{ timestampNs: 1n, line: 'l', metadata: [['trace', 'abc']] }] }])
    expect(await store.logs({})).toMatchObject([{ line: 'l', metadata: [['trace', 'abc']] }])
  })

  test('keeps what is odd about a line', async () => {
    const store = await openStore()
    const lines = ['', ' ', 'nul \u0000 in the middle', 'quote \' " \\', '𝔘nicode', 'x'.repeat(100_000)]
    await writeLines(
      store,
      lines.map((text, at) => line('x', BigInt(at), text)),
    )
    expect((await allLines(store)).toReversed()).toEqual(lines)
  })

  test('keeps what is odd about labels', async () => {
    const store = await openStore()
    const labels: Label[] = [
      ['__name__', 'up'],
      ['__proto__', 'p'],
      ['constructor', '"'],
      ['i', 'ü\n'],
    ]
    await writeSamples(store, [
      {
        labels,
        samples: [
          { timestampMs: 1, value: Number.NaN },
          { timestampMs: 2, value: -Infinity },
        ],
      },
    ])
    const copy = await openCopy(store)
    expect(await copy.range({ name: 'up', ...forEver })).toEqual([
      {
        labels,
        points: [
          [1, Number.NaN],
          [2, -Infinity],
        ],
      },
    ])
  })

  test('that was aborted before its turn stores nothing', async () => {
    const store = await openStore()
    const stop = new AbortController()
    const write = store.sinks.metrics.write([metricsDelivery([sample('a', 1)])], stop.signal)
    stop.abort(new Error('stopping'))
    await expect(write).rejects.toThrow('stopping')
    expect(store.stats().samples).toBe(0)
  })

  test('after close is refused, to be tried again', async () => {
    const store = await openStore()
    await store.close()
    expect(await failure(writeSamples(store, [sample('a', 1)]))).toBeInstanceOf(RetryableError)
  })
})

describe('a repeat', () => {
  test('is not stored twice, before and after a crash', async () => {
    const store = await openStore()
    const series = Array.from({ length: 300 }, (_, at) => sample('a', at))
    const lines = [line('x', 1n, 'same'), line('x', 1n, 'same'), line('x', 1n, 'other'), line('x', 2n, 'same'), line('y', 1n, 'same')]
    for (const target of [store, store]) {
      await writeSamples(target, series)
      await writeLines(target, lines)
    }
    const copy = await openCopy(store)
    await writeSamples(copy, series)
    await writeLines(copy, lines)
    expect(copy.stats()).toMatchObject({ samples: 300, lines: 5 })
    expect((await allSamples(copy))['a']).toHaveLength(300)
    expect((await allLines(copy)).toSorted()).toEqual(['other', 'same', 'same', 'same', 'same'])
  })

  test('of which a part was stored adds the rest', async () => {
    const store = await openStore()
    await writeLines(store, [line('x', 1n, 'a'), line('x', 1n, 'a')])
    await writeLines(store, [line('x', 1n, 'a'), line('x', 1n, 'a'), line('x', 1n, 'a'), line('x', 1n, 'b'), line('x', 2n, 'c')])
    expect((await allLines(store)).toReversed()).toEqual(['a', 'a', 'a', 'b', 'c'])
  })

  test('of a time with another value keeps the first', async () => {
    const store = await openStore()
    await writeSamples(store, [sample('a', 1, 10), sample('a', 1, 11)])
    await writeSamples(store, [sample('a', 1, 12)])
    expect(await allSamples(store)).toEqual({ a: [[1, 10]] })
  })

  test('is known by labels in any order', async () => {
    const store = await openStore()
    const labels: Label[] = [
      ['z', '1'],
      ['__name__', 'up'],
    ]
    await writeSamples(store, [{ labels, samples: [{ timestampMs: 1, value: 1 }] }])
    await writeSamples(store, [{ labels: labels.toReversed(), samples: [{ timestampMs: 1, value: 1 }] }])
    expect(store.stats()).toMatchObject({ series: 1, samples: 1 })
  })
})

test('samples in any order, over crashes and checkpoints, end as one of each time', async () => {
  const write = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 700 })), { minLength: 1, maxLength: 300 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(write, fc.constantFrom('go on', 'crash', 'restart')), { minLength: 1, maxLength: 5 }),
      async (steps) => {
        const expected = new Map<string, Map<number, number>>()
        let store = await openStore()
        let value = 0
        for (const [samples, then] of steps) {
          const series = samples.map(([name, timeMs]) => {
            const times = expected.get(name) ?? new Map<number, number>()
            expected.set(name, times)
            if (!times.has(timeMs)) times.set(timeMs, ++value)
            return sample(name, timeMs, times.get(timeMs))
          })
          await writeSamples(store, series)
          const before = store
          if (then === 'crash') store = await openCopy(before)
          if (then !== 'go on') await before.close()
          if (then === 'restart') store = await openStore({ directory: before.directory })
        }
        const found = await allSamples(store)
        for (const [name, times] of expected) expect(found[name]).toEqual([...times].toSorted(([a], [b]) => a - b))
        expect(store.stats().samples).toBe([...expected.values()].reduce((sum, { size }) => sum + size, 0))
        await store.close()
      },
    ),
    { numRuns: 25 },
  )
})

test('a crash at any moment of packing the journal loses nothing', async () => {
  const maxBytes = 16 * MEBIBYTE
  const store = await openStore({ maxBytes })
  const names = Array.from({ length: 1000 }, (_, at) => `${at}`)
  for (let round = 0; round < 80; round++) {
    await writeSamples(
      store,
      names.map((name) => sample(name, round)),
    )
    if (round % 6 !== 5) continue
    const copy = await openCopy(store, { maxBytes })
    expect(copy.stats().samples).toBe((round + 1) * 1000)
    const [first, last] = await Promise.all(
      ['0', '999'].map((value) => copy.range({ name: 'up', matchers: [{ name: 'i', op: '=', value }], ...forEver })),
    )
    for (const found of [first, last]) expect(found?.[0]?.points).toHaveLength(round + 1)
  }
  const db = new DatabaseSync(join(copyOf(store), 'store.db'))
  expect(Number(db.prepare('SELECT count(*) AS rows FROM chunk').get()?.['rows'])).toBe(1000)
  db.close()
})

test('after a transaction that failed, what it would have stored is not taken for stored', async () => {
  const directory = temporaryDirectory()
  await (await openStore({ directory })).close()
  const db = new DatabaseSync(join(directory, 'store.db'))
  db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON line WHEN NEW.text = 'poison' BEGIN SELECT RAISE(ABORT, 'poisoned'); END`)
  db.close()
  const store = await openStore({ directory })
  const outcomes = await Promise.all([
    failure(writeSamples(store, [sample('a', 1)])),
    failure(writeLines(store, [line('x', 1n, 'poison')])),
  ])
  for (const outcome of outcomes) expect(outcome).toBeInstanceOf(RetryableError)
  expect(String(outcomes[0])).toContain('poisoned')
  await writeSamples(store, [sample('a', 1)])
  await writeLines(store, [line('x', 1n, 'fine')])
  const copy = await openCopy(store)
  expect(await allSamples(copy)).toEqual({ a: [[1, 1]] })
  expect(await allLines(copy)).toEqual(['fine'])
  expect(copy.stats()).toMatchObject({ samples: 1, lines: 1, series: 1, streams: 1 })
})

describe('what is refused', () => {
  test('series over the limit, by name; the rest is stored', async () => {
    const store = await openStore({ maxSeries: 2 })
    const error = await failure(
      store.sinks.metrics.write(
        [metricsDelivery([sample('a', 1), sample('b', 1)]), metricsDelivery([sample('c', 1), sample('a', 2)])],
        signal,
      ),
    )
    expect(error).toBeInstanceOf(PermanentError)
    expect(error).toMatchObject({
      refused: [{ delivery: 1, record: 0, reason: 'the embedded store is full of series, 2 (--embedded.max-series)' }],
    })
    expect(await allSamples(store)).toEqual({
      a: [
        [1, 1],
        [2, 2],
      ],
      b: [[1, 1]],
    })
  })

  test('streams over the limit, labels that are none, lines that are too long', async () => {
    const store = await openStore({ maxStreams: 1, maxBytes: 16 * MEBIBYTE })
    const error = await failure(
      writeLines(store, [line('x', 1n, 'fits'), line('y', 1n, 'one too many'), line('x', 2n, 'x'.repeat(MEBIBYTE))]),
    )
    expect(error).toMatchObject({
      refused: [
        { delivery: 0, record: 1, reason: 'the embedded store is full of streams, 1 (--embedded.max-streams)' },
        { delivery: 0, record: 2, reason: 'line of 1048576 bytes, the embedded store takes 524288' },
      ],
    })
    // PushRequest { stream { labels "oops", entry {} } }
    const odd = Buffer.from([0x0a, 8, 0x0a, 4, ...Buffer.from('oops'), 0x12, 0])
    const refused = await failure(store.sinks.logs.write([{ ...logsDelivery([]), value: compress(odd) }], signal))
    expect(String(refused)).toContain('labels: stream labels: expected "{"')
    expect(await allLines(store)).toEqual(['fits'])
  })

  test('times that are out of range, and labels that are too long', async () => {
    const store = await openStore()
    const huge: Label[] = [
      ['__name__', 'up'],
      ['i', 'x'.repeat(70_000)],
    ]
    const error = await failure(
      writeSamples(store, [
        sample('a', 2e15),
        sample('a', -2e15),
        { labels: huge, samples: [{ timestampMs: 1, value: 1 }] },
        sample('a', 1),
      ]),
    )
    expect(error).toMatchObject({
      refused: [
        { record: 0, reason: 'time 2000000000000000 ms is out of range' },
        { record: 1, reason: 'time -2000000000000000 ms is out of range' },
        { record: 2, reason: expect.stringContaining('the embedded store takes 65536') },
      ],
    })
    expect(store.stats().samples).toBe(1)
  })

  test('a message that is damaged; those beside it are stored', async () => {
    const store = await openStore()
    const good = metricsDelivery([sample('a', 1)])
    const bad = { ...good, value: compress(Buffer.from([0x0a, 100])) }
    const outcomes = await Promise.all(
      [good, bad, metricsDelivery([sample('b', 1)])].map((one) => failure(store.sinks.metrics.write([one], signal))),
    )
    expect(outcomes.map((outcome) => outcome instanceof PermanentError)).toEqual([false, true, false])
    expect(Object.keys(await allSamples(store))).toEqual(['a', 'b'])
  })

  const mistakes: readonly { name: string; prepare: (directory: string) => unknown; message: string; options?: object }[] = [
    {
      name: 'a file that is no database',
      prepare: (directory) => writeFileSync(join(directory, 'store.db'), 'x'.repeat(8192)),
      message: 'not a database; move the file away',
    },
    {
      name: 'a file of another version',
      prepare: (directory) => {
        const db = new DatabaseSync(join(directory, 'store.db'))
        db.exec('PRAGMA user_version = 99')
        db.close()
      },
      message: 'written by another version (schema 99, expected 1)',
    },
    {
      name: 'a size that is too small',
      prepare: () => {},
      options: { maxBytes: 1000 },
      message: 'expected maxBytes of at least 16777216, found 1000',
    },
  ]
  test.each(mistakes)('at the start: $name', async ({ prepare, message, options }) => {
    const directory = temporaryDirectory()
    prepare(directory)
    await expect(openStore({ directory, ...options })).rejects.toThrow(message)
    await expect(openStore({ directory, ...options })).rejects.toThrow(directory)
  })

  test('at the start: a directory that is in use', async () => {
    const { directory } = await openStore()
    await expect(openStore({ directory })).rejects.toThrow('in use by another process')
  })
})

describe('the store stays within', () => {
  const linesAt = (timeMs: number, bytes: number): LogStream[] =>
    Array.from({ length: bytes / 1024 }, (_, at) =>
      line(`s${at % 5}`, BigInt(timeMs) * 1_000_000n + BigInt(at), `${timeMs} ${at} `.padEnd(1000, 'x')),
    )

  test('its size: the oldest go, what is deleted is counted, the newest stay', async () => {
    const metrics = createMetrics()
    const maxBytes = 16 * MEBIBYTE
    const store = await openStore({ maxBytes, metrics })
    let written = 0
    for (let second = 0; second < 40; second++) {
      const streams = linesAt(second * 1000, MEBIBYTE)
      await writeLines(store, streams)
      await writeSamples(
        store,
        Array.from({ length: 500 }, (_, at) => sample(`${at}`, second * 1000)),
      )
      written += streams.length
      expect(statSync(join(store.directory, 'store.db')).size + statSync(join(store.directory, 'store.db-wal')).size).toBeLessThanOrEqual(
        maxBytes,
      )
    }
    const [newest] = await store.logs({ limit: 1 })
    expect(newest?.line.startsWith('39000 1023')).toBe(true)
    // Closing ends what the retention is still at.
    await store.close()
    const again = await openStore({ directory: store.directory, maxBytes })
    const { lines, expiredLines, samples, expiredSamples } = again.stats()
    expect(lines + expiredLines).toBe(written)
    expect(samples + expiredSamples).toBe(40 * 500)
    expect(expiredLines).toBeGreaterThan(written / 2)
    expect(lines).toBeGreaterThan(1000)
    expect(await metrics.registry.getSingleMetricAsString('clymene_embedded_expired_records_total')).toContain(
      `{kind="logs",reason="size"} ${expiredLines}`,
    )
  })

  test('its size, also when single lines are large', async () => {
    const maxBytes = 16 * MEBIBYTE
    const store = await openStore({ maxBytes })
    const names = Array.from({ length: 60 }, (_, at) => `${at} `)
    for (let at = 0; at < names.length; at += 6) {
      await writeLines(
        store,
        names.slice(at, at + 6).map((name, more) => line('x', BigInt(at + more), name.padEnd(500 * 1024, 'x'))),
      )
      expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes)
    }
    const kept = (await allLines(store)).map((text) => text.slice(0, 3).trimEnd())
    expect(kept.length).toBeGreaterThan(5)
    expect(kept).toEqual(
      names
        .map((name) => name.trimEnd())
        .toReversed()
        .slice(0, kept.length),
    )
  })

  test('its age: samples, lines, and the series and streams that have no more', async () => {
    let nowMs = 1_000_000
    const store = await openStore({ maxAgeMs: 60_000, now: () => nowMs })
    await writeSamples(
      store,
      Array.from({ length: 150 }, (_, at) => sample('old', nowMs - 150 + at)),
    )
    await writeLines(store, [line('old', BigInt(nowMs) * 1_000_000n, 'old')])
    await store.close()
    nowMs += 61_000
    const again = await openStore({ directory: store.directory, maxAgeMs: 60_000, now: () => nowMs })
    await writeSamples(again, [sample('new', nowMs)])
    await writeLines(again, [line('new', BigInt(nowMs) * 1_000_000n, 'new')])
    await expect
      .poll(() => again.stats(), { timeout: 20_000 })
      .toMatchObject({
        samples: 1,
        lines: 1,
        expiredSamples: 150,
        expiredLines: 1,
        series: 1,
        streams: 1,
        oldestSampleMs: nowMs,
        oldestLineMs: nowMs,
      })
    expect(await allSamples(again)).toEqual({ new: [[nowMs, nowMs]] })
  })

  test('its age: a chunk that is still filled stays whole', async () => {
    let nowMs = 1_000_000
    const options = { maxAgeMs: 60_000, now: () => nowMs }
    const store = await openStore(options)
    await writeSamples(store, [sample('a', nowMs), sample('b', nowMs)])
    await store.close()
    nowMs += 50_000
    const again = await openStore({ ...options, directory: store.directory })
    await writeSamples(again, [sample('a', nowMs)])
    nowMs += 20_000
    // The timer of the upkeep comes by in its own time; a write brings it at once.
    await writeSamples(again, [sample('c', nowMs)])
    await expect.poll(() => again.stats().series, { timeout: 20_000 }).toBe(2)
    const expected = {
      a: [
        [1_000_000, 1_000_000],
        [1_050_000, 1_050_000],
      ],
      c: [[nowMs, nowMs]],
    }
    expect(await allSamples(again)).toEqual(expected)
    expect(await allSamples(await openCopy(again, options))).toEqual(expected)
  })
})

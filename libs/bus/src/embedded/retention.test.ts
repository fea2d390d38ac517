import { RetryableError } from '@clymene/model'
import { createMetrics } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'

import type { EmbeddedBusOptions } from './options.ts'
import { message, never, openBus, PATIENT, produce, readRest, recordingLogger, sequencesOf, temporaryDirectory, upTo } from './test-kit.ts'

const MAX = 128 * 1024
const HOUR = 3_600_000

async function openSmall(options: Partial<EmbeddedBusOptions> = {}) {
  const clock = { ms: 1_795_000_000_000 }
  const logger = recordingLogger()
  const metrics = createMetrics()
  const directory = temporaryDirectory()
  const settings = { directory, maxBytes: MAX, segmentBytes: 8 * 1024, now: () => clock.ms, logger, metrics, ...options }
  const bus = await openBus(settings)
  const metric = (name: string) => metrics.registry.getSingleMetricAsString(`clymene_bus_${name}`)
  return { bus, clock, logger, metric, reopen: () => openBus(settings) }
}

describe('full by size', () => {
  test('deletes the oldest segments, over all topics together', async () => {
    const { bus, clock } = await openSmall()
    for (const sequence of upTo(200)) {
      clock.ms += 1000
      await produce(bus, sequence < 100 ? 'old' : 'new', message(sequence, 1000))
      expect(bus.bytes()).toBeLessThanOrEqual(MAX)
    }
    const left = [...(await readRest(bus, 'old', 'g')), ...(await readRest(bus, 'new', 'g'))]
    expect(sequencesOf(left)).toEqual(upTo(200).slice(-left.length))
    expect(left.length * 1000).toBeGreaterThan(MAX / 2)
  })

  test('what a group had not read is counted and logged, once a minute', async () => {
    const { bus, clock, logger, metric } = await openSmall()
    await produce(bus, 't', ...upTo(10).map((sequence) => message(sequence, 1000)))
    await readRest(bus, 't', 'slow')
    await produce(bus, 't', message(10, 1000))
    for (const sequence of upTo(300)) {
      await produce(bus, 't', message(11 + sequence, 1000))
      if (sequence % 50 === 0) await readRest(bus, 't', 'fast')
    }
    const kept = 311 - Number((await bus.lag('t', 'new', never()))[0]?.committed)
    const lost = 311 - 10 - kept
    expect(await metric('expired_records_total')).toContain(`expired_records_total{topic="t",group="slow"} ${lost}`)
    const ofSlow = () => logger.lines.filter(({ fields }) => fields['group'] === 'slow')
    expect(ofSlow()).toHaveLength(1)
    expect(ofSlow()).toMatchObject([{ level: 'error', message: 'messages were deleted that a group had not read', fields: { topic: 't' } }])
    clock.ms += 60_000
    await bus.housekeep()
    expect(ofSlow().reduce((sum, { fields }) => sum + Number(fields['messages']), 0)).toBe(lost)
    expect(sequencesOf(await readRest(bus, 't', 'slow'))).toEqual(upTo(311).slice(-kept))
  })

  test('is said in messages, samples and the time in which they came; what the group had read of a segment is not in it', async () => {
    const { bus, clock, logger, metric, reopen } = await openSmall()
    const counted = (sequence: number) => ({ ...message(sequence, 1000), headers: { ...message(sequence).headers, records: 3 } })
    const sent: number[] = []
    const send = async (to: typeof bus): Promise<void> => {
      clock.ms += 1000
      sent.push(clock.ms)
      await produce(to, 't', counted(sent.length - 1))
    }
    for (const _ of upTo(12)) await send(bus)
    await readRest(bus, 't', 'g')
    for (const _ of upTo(30)) await send(bus)
    await bus.close()
    const again = await reopen()
    for (const _ of upTo(200)) await send(again)
    clock.ms += 60_000
    await again.housekeep()
    const first = Number((await again.lag('t', 'g', never()))[0]?.committed)
    const lines = logger.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields)
    const sum = (name: string): number => lines.reduce((all, fields) => all + Number(fields[name]), 0)
    expect(first).toBeGreaterThan(42)
    expect([sum('messages'), sum('samples')]).toEqual([first - 12, 3 * (first - 12)])
    expect([lines[0]?.['from'], lines.at(-1)?.['to']]).toEqual([sent[12], sent[first - 1]].map((ms) => new Date(ms ?? 0).toISOString()))
    expect(await metric('expired_samples_total')).toContain(`{topic="t",group="g"} ${3 * (first - 12)}`)
  })

  test('a reader whose segment is deleted goes on with the oldest that is left', async () => {
    const { bus } = await openSmall({ batchBytes: 1500 })
    await produce(bus, 't', ...upTo(50).map((sequence) => message(sequence, 1000)))
    const stop = new AbortController()
    const got: (number | undefined)[] = []
    let next = 50
    await bus.consume(
      't',
      'g',
      async ({ records }) => {
        got.push(...sequencesOf(records))
        while (next < 400 && next < got.length * 20) await produce(bus, 't', message(next++, 1000))
        if (got.includes(399)) stop.abort()
        else if (next < 400) await produce(bus, 't', message(next++, 1000))
      },
      stop.signal,
    )
    expect(got).toEqual([...new Set(got)].toSorted((a, b) => Number(a) - Number(b)))
    expect(got.length).toBeLessThan(400)
    expect(got.slice(-50)).toEqual(upTo(400).slice(-50))
  })

  test('what was deleted unread is told with the batch behind it, once', async () => {
    const { bus, reopen } = await openSmall({ batchBytes: 1500 })
    await produce(bus, 't', ...upTo(20).map((sequence) => message(sequence, 1000)))
    let current = bus
    /** Reads to the end; while it handles the record with that number, so many more come and push the oldest out. */
    const read = async (at = -1, more = 0) => {
      const stop = new AbortController()
      const told: { offset: number; expired: number; committed: bigint | undefined }[] = []
      await current.consume(
        't',
        'g',
        async ({ records, expired = 0, committed }) => {
          told.push({ offset: Number(records[0]?.origin.offset), expired, committed })
          const from = Number((await current.lag('t', 'g', never()))[0]?.end)
          if (records.some(({ headers }) => headers.sequence === at))
            for (const index of upTo(more)) await produce(current, 't', message(from + index, 1000))
          const [end] = await current.lag('t', 'g', never())
          if (records.at(-1)?.origin.offset === end!.end - 1n) stop.abort()
        },
        stop.signal,
      )
      return told
    }
    // In mid-run: it was overtaken by more than there is room for.
    const told = await read(3, 400)
    const gaps = told.filter(({ expired }) => expired > 0)
    expect(gaps).toHaveLength(1)
    expect(gaps[0]).toMatchObject({ committed: undefined })
    const before = told[told.indexOf(gaps[0]!) - 1]!
    expect(gaps[0]!.expired).toBeGreaterThan(200)
    expect(gaps[0]!.offset - gaps[0]!.expired).toBeGreaterThan(before.offset)
    expect(gaps[0]!.offset - gaps[0]!.expired).toBeLessThanOrEqual(before.offset + 2)
    // While nobody read, also over a restart of the process.
    for (const sequence of upTo(300)) await produce(bus, 't', message(1000 + sequence, 1000))
    await bus.close()
    current = await reopen()
    const later = await read()
    expect(later[0]).toMatchObject({ committed: 420n, expired: later[0]!.offset - 420 })
    expect(later[0]!.expired).toBeGreaterThan(100)
    expect(later.slice(1).filter(({ expired }) => expired > 0)).toEqual([])
  })

  test('many topics with big messages stay within the bound', async () => {
    const { bus } = await openSmall({ maxMessageBytes: 60 * 1024 })
    const counts = new Map<string, number>()
    for (const round of upTo(30)) {
      const topic = `t${round % 5}`
      // A topic whose one open segment is in the way closes it in its own time: the sender comes again, as senders do.
      await expect.poll(() => produce(bus, topic, message(round, 50 * 1024)).catch((error: unknown) => error), PATIENT).toBeUndefined()
      counts.set(topic, (counts.get(topic) ?? 0) + 1)
      expect(bus.bytes()).toBeLessThanOrEqual(MAX)
    }
    expect([...counts.values()]).toEqual([6, 6, 6, 6, 6])
  })
})

describe('too old', () => {
  test('whole segments go when their newest message is too old, the last one as well', async () => {
    const { bus, clock, metric } = await openSmall({ maxAgeMs: 8 * HOUR })
    await produce(bus, 't', message(0))
    clock.ms += 2 * HOUR
    await bus.housekeep()
    await produce(bus, 't', message(1))
    expect(await metric('oldest_record_seconds')).toContain('{topic="t"} 7200')
    clock.ms += 7 * HOUR
    await bus.housekeep()
    expect(await bus.lag('t', 'g', never())).toEqual([{ partition: 0, committed: 1n, end: 2n }])
    clock.ms += 2 * HOUR
    await bus.housekeep()
    expect(await bus.lag('t', 'g', never())).toEqual([{ partition: 0, committed: 2n, end: 2n }])
    await produce(bus, 't', message(2))
    expect((await readRest(bus, 't', 'g'))[0]?.origin.offset).toBe(2n)
  })

  test('an offset is not given again after everything was deleted and the process restarted', async () => {
    const { bus, clock, reopen } = await openSmall({ maxAgeMs: HOUR })
    await produce(bus, 't', message(0), message(1))
    clock.ms += 2 * HOUR
    await bus.housekeep()
    await bus.housekeep()
    await bus.close()
    const again = await reopen()
    await produce(again, 't', message(2))
    expect((await readRest(again, 't', 'g')).map(({ origin }) => origin.offset)).toEqual([2n])
  })
})

describe('refusing when full', () => {
  test('keeps what a group has not read, and takes more when it has', async () => {
    const { bus, logger, metric } = await openSmall({ full: 'refuse' })
    await produce(bus, 't', message(0, 1000))
    await readRest(bus, 't', 'g')
    let sent = 1
    const fill = async (): Promise<unknown> => {
      for (;;) {
        const failure = await produce(bus, 't', message(sent, 1000)).catch((error: unknown) => error)
        if (failure !== undefined) return failure
        sent++
      }
    }
    const failure = await fill()
    expect(failure).toBeInstanceOf(RetryableError)
    expect(failure).toMatchObject({ message: expect.stringMatching(/the bus is full: .*--bus\.max-bytes/) })
    expect(bus.unavailable()).toMatch('the bus is full')
    await bus.housekeep()
    expect(bus.unavailable()).toMatch('the bus is full')
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual(upTo(sent).slice(1))
    await bus.housekeep()
    expect(bus.unavailable()).toBeUndefined()
    const before = sent
    await fill()
    expect(sent - before).toBeGreaterThan(50)
    expect(await metric('expired_records_total')).not.toContain('group=')
    expect(logger.lines.filter(({ message: text }) => text.includes('deleted'))).toEqual([])
  })

  test.each(['bus', 'buffer'])('names the flags of a log that is a %s', async (component) => {
    const { bus } = await openSmall({ full: 'refuse', component })
    const filling = async (): Promise<never> => {
      for (;;) await produce(bus, 't', message(0, 1000))
    }
    await expect(filling()).rejects.toThrow(
      new RegExp(`the ${component} is full: .*\\(--${component}\\.max-bytes, --${component}\\.full\\)`),
    )
  })

  test('messages that no group ever read are kept, however old', async () => {
    const { bus, clock } = await openSmall({ full: 'refuse', maxAgeMs: HOUR })
    await produce(bus, 't', message(0))
    clock.ms += 10 * HOUR
    await bus.housekeep()
    await bus.housekeep()
    expect(sequencesOf(await readRest(bus, 't', 'g'))).toEqual([0])
    await bus.housekeep()
    expect(await bus.lag('t', 'new', never())).toEqual([{ partition: 0, committed: 1n, end: 1n }])
  })

  test('a group that is long gone does not keep them', async () => {
    const { bus, clock, logger } = await openSmall({ full: 'refuse', groupRetentionMs: 2 * HOUR, maxAgeMs: HOUR })
    await produce(bus, 't', message(0))
    await readRest(bus, 't', 'gone')
    await produce(bus, 't', message(1))
    clock.ms += HOUR
    await readRest(bus, 't', 'here')
    clock.ms += HOUR + 1
    await bus.housekeep()
    expect(logger.lines).toMatchObject([{ level: 'warn', fields: { topic: 't', group: 'gone' } }])
    await bus.housekeep()
    expect(await bus.lag('t', 'new', never())).toEqual([{ partition: 0, committed: 2n, end: 2n }])
  })
})

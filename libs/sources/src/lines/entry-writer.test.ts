import type { SourceBatch } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { createLabelSet, parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'
import { afterEach, expect, test, vi } from 'vitest'

import { createEntryWriter, type EntryWriterOptions } from './entry-writer.ts'
import { LOKI_LABEL_LIMITS } from './label-limits.ts'

const labels = createLabelSet([['kind', 'Event']])
const P = '2024-01-01T00:00:00Z stdout P '
const F = '2024-01-01T00:00:00Z stdout F '
let end = new AbortController()
afterEach(() => end.abort())

/** A writer whose batches wait for `answer`. */
function start(options: Partial<EntryWriterOptions> = {}) {
  end = new AbortController()
  const sent: string[] = []
  const batches: SourceBatch[] = []
  const waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  const state = { answers: true }
  const answer = (error?: unknown): void => {
    for (const { resolve, reject } of waiting.splice(0)) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }
  const writer = createEntryWriter(
    {
      stages: [],
      batch: { bytes: 1000, waitMs: 5 },
      stream: 'events',
      labelLimits: LOKI_LABEL_LIMITS,
      metrics: createMetrics(),
      logger: silentLogger,
      now: Date.now,
      ...options,
    },
    async (batch) => {
      batches.push(batch)
      for (const { entries } of decodePushRequest(batch.body)) sent.push(...entries.map(({ line }) => line))
      if (!state.answers) await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }))
    },
    end.signal,
  )
  const write = (line: string, acknowledged?: () => void): Promise<void> =>
    writer.write({ labels, timestampNs: 1_000_000_001n, line }, acknowledged)
  return { writer, write, sent, batches, state, answer }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 2 })

test('an entry goes out with its labels, time and metadata, when its batch has waited, and is acknowledged then', async () => {
  const { writer, batches } = start()
  let acknowledged = 0
  const metadata = new Map([['count', '3']])
  await writer.write({ labels, timestampNs: 5n, line: 'pulled', metadata }, () => acknowledged++)
  await eventually(() => expect(acknowledged).toBe(1))
  expect(batches).toMatchObject([{ kind: 'logs', stream: 'events', records: 1, newestMs: 0 }])
  expect(decodePushRequest(batches[0]!.body)).toEqual([
    { labels: [['kind', 'Event']], entries: [{ timestampNs: 5n, line: 'pulled', metadata: [['count', '3']] }] },
  ])
})

test('an entry with labels beyond the limits is handed over as refused, and acknowledged as others are', async () => {
  const { writer, batches } = start({ labelLimits: { ...LOKI_LABEL_LIMITS, maxValueBytes: 3, action: 'refuse' } })
  let acknowledged = 0
  await writer.write({ labels, timestampNs: 5n, line: 'pulled' }, () => acknowledged++)
  await writer.write({ labels: createLabelSet([['kind', 'x']]), timestampNs: 5n, line: 'next' }, () => acknowledged++)
  await eventually(() => expect(acknowledged).toBe(2))
  expect(batches.map(({ refused, records }) => [refused, records])).toEqual([
    ['--logs.label-limit-action=refuse: beyond the limit: label "kind" (value_bytes: 3)', 1],
    [undefined, 1],
  ])
})

test('a stage that holds an entry for long lets it go when ten thousand others have passed: none of them is acknowledged before it', async () => {
  const { writer, write } = start({ stages: parseStages(['cri'], 'stages'), now: () => 0 })
  const acknowledged = new Set<number>()
  await write(`${P}a`, () => acknowledged.add(0))
  for (let index = 1; index <= 10_100; index++) await write(`2024-01-01T00:00:00Z stderr F b`, () => acknowledged.add(index))
  await eventually(() => expect(acknowledged.has(0)).toBe(true))
  await writer.finish()
  expect(acknowledged.size).toBe(10_101)
})

test('nothing is acknowledged before its batch is, and everything in the order it was written', async () => {
  const { writer, write, state, answer, batches } = start()
  const acknowledged: number[] = []
  state.answers = false
  for (let index = 0; index < 3; index++) await write(`line ${index}`, () => acknowledged.push(index))
  await eventually(() => expect(batches).toHaveLength(1))
  await write('line 3', () => acknowledged.push(3))
  expect(acknowledged).toEqual([])
  answer()
  await eventually(() => expect(batches).toHaveLength(2))
  expect(acknowledged).toEqual([0, 1, 2])
  state.answers = true
  answer()
  await writer.finish()
  expect(acknowledged).toEqual([0, 1, 2, 3])
})

test('write waits while a batch is on its way and the next one is full', async () => {
  const { write, state, answer, batches, sent, writer } = start({ batch: { bytes: 1000, waitMs: 60_000 } })
  state.answers = false
  let written = 0
  const writing = (async () => {
    for (let index = 0; index < 20; index++) {
      await write(`${index} `.padEnd(200, 'x'))
      written++
    }
  })()
  await eventually(() => expect(batches).toHaveLength(1))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(written).toBeLessThan(12)
  state.answers = true
  answer()
  await writing
  await writer.finish()
  expect(sent.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 20 }, (_, index) => index))
  for (const { body } of batches) expect(body.length).toBeLessThanOrEqual(1000)
})

test('what a stage holds is acknowledged with what it makes of it, not before', async () => {
  const { writer, write, sent } = start({ stages: parseStages([{ cri: {} }], 'stages') })
  const acknowledged: string[] = []
  await write(`${F}first`, () => acknowledged.push('first'))
  await write(`${P}hel`, () => acknowledged.push('part'))
  await eventually(() => expect(acknowledged).toEqual(['first']))
  await write(`${F}lo`, () => acknowledged.push('end'))
  await eventually(() => expect(acknowledged).toEqual(['first', 'part', 'end']))
  await write(`${P}rest`, () => acknowledged.push('rest'))
  await writer.finish()
  expect(acknowledged).toEqual(['first', 'part', 'end', 'rest'])
  expect(sent).toEqual(['first', 'hello', 'rest'])
})

test('an entry that a stage drops is acknowledged', async () => {
  const stages = parseStages([{ json: { expressions: { a: '' }, drop_malformed: true } }], 'stages')
  const { write, sent } = start({ stages })
  let acknowledged = 0
  await write('no json', () => acknowledged++)
  await eventually(() => expect(acknowledged).toBe(1))
  expect(sent).toEqual([])
})

test('what emit rejects with, writers get from then on, and nothing is acknowledged', async () => {
  const { writer, write, state, answer, batches } = start()
  let acknowledged = 0
  state.answers = false
  await write('one', () => acknowledged++)
  await eventually(() => expect(batches).toHaveLength(1))
  answer(new Error('no room'))
  await expect(writer.finish()).rejects.toThrow('no room')
  await expect(write('two')).rejects.toThrow('no room')
  expect(acknowledged).toBe(0)
  expect(batches).toHaveLength(1)
})

test('the metadata that is written stays the caller’s', async () => {
  const { writer } = start()
  const metadata = new Map([['a', '1']])
  await writer.write({ labels, timestampNs: 1n, line: 'x', metadata })
  await writer.finish()
  expect([...metadata]).toEqual([['a', '1']])
})

test('a block of lines is acknowledged when it comes out, not when the block after it does', async () => {
  const { writer, write } = start({ stages: parseStages([{ multiline: { firstline: '^\\S' } }], 'stages') })
  const acknowledged: string[] = []
  for (const line of ['a', ' b', 'c', ' d']) await write(line, () => acknowledged.push(line))
  await eventually(() => expect(acknowledged).toEqual(['a', ' b']))
  await writer.finish()
  expect(acknowledged).toEqual(['a', ' b', 'c', ' d'])
})

test('a stage that limits the rate makes the writer wait', async () => {
  let ahead = 0
  const { write, sent } = start({ stages: parseStages([{ limit: { rate: 0.001, burst: 2 } }], 'stages'), now: () => Date.now() + ahead })
  await write('a')
  await write('b')
  const third = write('c')
  await eventually(() => expect(sent).toEqual(['a', 'b']))
  ahead = 1_000_000
  await third
  await eventually(() => expect(sent).toEqual(['a', 'b', 'c']))
})

test('what stages drop is counted and acknowledged', async () => {
  const metrics = createMetrics()
  const { write } = start({ stages: parseStages([{ drop: { expression: 'x', drop_counter_reason: 'noise' } }], 'stages'), metrics })
  let acknowledged = 0
  await write('x', () => acknowledged++)
  await eventually(() => expect(acknowledged).toBe(1))
  expect(await metrics.registry.getSingleMetricAsString('clymene_agent_dropped_lines_total')).toContain('{reason="noise"} 1')
})

test('a clock that is put back by an hour while entries are collected holds none of them back', async () => {
  let aheadMs = 3_600_000
  const { write, sent, batches } = start({ batch: { bytes: 1000, waitMs: 30 }, now: () => Date.now() + aheadMs })
  await write('before')
  aheadMs = 0
  await write('after')
  await eventually(() => expect(sent).toEqual(['before', 'after']))
  await write('later')
  await eventually(() => expect(batches).toHaveLength(2))
})

test('nor does a stage that limits the rate', async () => {
  let aheadMs = 3_600_000
  const stages = parseStages([{ limit: { rate: 20, burst: 1 } }], 'stages')
  const { write, sent } = start({ stages, now: () => Date.now() + aheadMs })
  await write('before')
  aheadMs = 0
  for (const line of ['one', 'two']) await write(line)
  await eventually(() => expect(sent).toEqual(['before', 'one', 'two']))
})

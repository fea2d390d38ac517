import { PassThrough } from 'node:stream'

import { type Logger, PermanentError, RetryableError } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { parseStages } from '@clymene/stages'
import { decodePushRequest } from '@clymene/wire'
import { expect, test, vi } from 'vitest'

import { LOKI_LABEL_LIMITS } from '../lines/label-limits.ts'
import { createLineInput, type LineInput } from './line-input.ts'
import { createStdinSource, type StdinSourceOptions } from './stdin-source.ts'

type Started = {
  readonly options?: Partial<StdinSourceOptions>
  readonly stages?: readonly unknown[]
  readonly input?: LineInput
  readonly blocked?: boolean
}

function start({ options = {}, stages = [], input, blocked = false }: Started = {}) {
  const pipe = new PassThrough()
  const stop = new AbortController()
  const metrics = createMetrics()
  const sent: { readonly labels: object; readonly line: string; readonly timestampNs: bigint; readonly metadata?: unknown }[] = []
  const logged: string[] = []
  const logger: Logger = { ...silentLogger, error: (message, fields) => void logged.push(`${message} ${JSON.stringify(fields)}`) }
  const state: { failure: Error | undefined } = { failure: undefined }
  const source = createStdinSource({
    job: { name: 'j', fingerprint: '', pipeline: parseStages(stages, 'pipeline_stages'), labels: [['job', 'stdin']] },
    input: input ?? createLineInput(pipe, 8),
    externalLabels: [['cluster', 'c']],
    batch: { bytes: 100_000, waitMs: 5 },
    labelLimits: LOKI_LABEL_LIMITS,
    maxLineBytes: 8,
    longLines: 'truncate',
    metrics,
    logger,
    backoff: { minMs: 1, maxMs: 5 },
    ...options,
  })
  const run = source.run(async ({ body }, signal) => {
    if (state.failure !== undefined) throw state.failure
    if (blocked) await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    for (const { labels, entries } of decodePushRequest(body))
      for (const entry of entries) sent.push({ labels: Object.fromEntries(labels), ...entry })
  }, stop.signal)
  run.catch(() => undefined)
  const metric = async (name: string): Promise<number> => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0
  return { pipe, sent, logged, state, run, stop: () => stop.abort(), lines: () => sent.map(({ line }) => line), metric }
}

const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 2 })

test('lines come as they are written, and the end of the input is that of the source', async () => {
  const { pipe, sent, lines, run } = start()
  pipe.write('one\n\nt')
  await eventually(() => expect(lines()).toEqual(['one']))
  pipe.end('wo\r\nthree')
  await run
  expect(lines()).toEqual(['one', 'two', 'three'])
  expect(sent[0]).toMatchObject({ labels: { cluster: 'c', job: 'stdin' } })
  // Equal lines would be one to a store.
  expect(new Set(sent.map(({ timestampNs }) => timestampNs)).size).toBe(3)
})

test('stages, also what they hold at the end', async () => {
  const { pipe, run, lines } = start({ stages: [{ multiline: { firstline: '^a' } }] })
  pipe.end('a1\nb\na2\nc\n')
  await run
  expect(lines()).toEqual(['a1\nb', 'a2\nc'])
})

test.each<['truncate' | 'split', readonly string[]]>([
  ['truncate', ['12345678', 'x']],
  ['split', ['12345678', '9', 'x']],
])('a long line: %s', async (longLines, expected) => {
  const { pipe, run, lines, metric } = start({ options: { longLines } })
  pipe.end('123456789\nx')
  await run
  expect(lines()).toEqual(expected)
  expect([await metric('clymene_agent_stdin_long_lines_total'), await metric('clymene_agent_stdin_lines_total')]).toEqual([1, 2])
})

test('a line that a stage puts together of parts is long, too', async () => {
  const time = '2024-01-01T00:00:00Z'
  const pipe = new PassThrough()
  const { run, lines, metric } = start({ options: { longLines: 'split' }, stages: ['cri'], input: createLineInput(pipe, 100) })
  pipe.end(`${time} stdout P 12345\n${time} stdout F 6789\n`)
  await run
  expect(lines()).toEqual(['12345678', '9'])
  expect(await metric('clymene_agent_stdin_long_lines_total')).toBe(1)
})

test('a buffer that takes nothing for now is waited for, and then everything comes in order', async () => {
  const { pipe, run, lines, state } = start()
  state.failure = new RetryableError('full')
  pipe.write('a\n')
  await new Promise((resolve) => setImmediate(resolve))
  pipe.end('b\n')
  state.failure = undefined
  await run
  expect(lines()).toEqual(['a', 'b'])
})

test('what the buffer refuses for good is told and counted', async () => {
  const { pipe, run, state, metric, logged } = start()
  state.failure = new PermanentError('too large')
  pipe.end('a\nb\n')
  await run
  expect(await metric('clymene_agent_stdin_refused_lines_total')).toBe(2)
  expect(logged).toEqual([expect.stringContaining('lines of standard input were refused')])
})

test('a buffer that takes nothing stops reading', async () => {
  const { pipe, stop, run, metric } = start({ blocked: true, options: { batch: { bytes: 1000, waitMs: 5 }, stopWaitMs: 1 } })
  const written = await new Promise<number>((resolve) => {
    let count = 0
    const write = (): void => {
      while (pipe.write('1234567\n')) count++
      const before = count
      const timer = setTimeout(() => resolve(count), 200)
      pipe.once('drain', () => {
        clearTimeout(timer)
        if (count > 1_000_000) resolve(before)
        else write()
      })
    }
    write()
  })
  expect(written).toBeLessThan(100_000)
  expect(await metric('clymene_agent_stdin_lines_total')).toBeLessThan(written)
  stop()
  await run
})

test('a stop hands over what was read; what is not taken in time is told', async () => {
  const { pipe, run, stop, logged, metric } = start({ blocked: true, options: { stopWaitMs: 1 } })
  pipe.write('a\nb\n')
  await eventually(async () => expect(await metric('clymene_agent_stdin_lines_total')).toBe(2))
  stop()
  await run
  expect(logged).toEqual(['lines of standard input are lost: the buffer did not take them {"lines":2}'])
})

test('who reads next goes on where the one before stopped, in the middle of a line', async () => {
  const pipe = new PassThrough()
  const input = createLineInput(pipe, 8)
  const first = start({ input })
  pipe.write('one\ntw')
  await eventually(() => expect(first.lines()).toEqual(['one']))
  first.stop()
  await first.run
  pipe.write('o\n')
  const second = start({ input })
  pipe.end('three\n')
  await second.run
  expect(second.lines()).toEqual(['two', 'three'])
})

test('an input that fails is told', async () => {
  const { pipe, run } = start()
  pipe.destroy(new Error('EIO'))
  await expect(run).rejects.toThrow('EIO')
})

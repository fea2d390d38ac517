import { readFileSync, renameSync } from 'node:fs'

import { createMetrics, silentLogger } from '@clymene/runtime'
import { parseStages } from '@clymene/stages'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createStageMetrics } from '../lines/stage-metrics.ts'
import type { FileSourceOptions } from './options.ts'
import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

const PATIENCE = { timeout: 10_000, interval: 5 }
let folder: TestFolder
let sources: RunningSource[] = []
beforeEach(() => {
  folder = createTestFolder()
  sources = []
})
afterEach(async () => {
  for (const source of sources) await source.stop().catch(() => undefined)
  folder.remove()
})

function start(stages: readonly unknown[], options: Partial<FileSourceOptions> = {}): RunningSource {
  const job = { ...jobOf('j', { __path__: folder.path('*.log') }), pipeline: parseStages(stages, 'stages') }
  const source = startSource(folder, [job], options)
  sources.push(source)
  return source
}

const BLOCKS = [{ multiline: { firstline: '^\\S', max_wait_time: '1h' } }]

test('a kill in the middle of a block of lines loses and repeats nothing', async () => {
  folder.append('a.log', 'one\n 1\n 2\ntwo\n 1\n')
  const killed = start(BLOCKS)
  await expect.poll(killed.texts, PATIENCE).toEqual(['one\n 1\n 2'])
  await vi.waitFor(async () => expect(await killed.metric('read_lines_total')).toBe(5), PATIENCE)
  // The position of the first block is there, the second is held.
  await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toContain('"replayFrom":10,'), PATIENCE)
  await killed.kill()
  folder.append('a.log', ' 2\nthree\n')
  const next = start(BLOCKS)
  await expect.poll(next.texts, PATIENCE).toEqual(['two\n 1\n 2'])
  await next.stop()
  expect(next.texts()).toEqual(['two\n 1\n 2', 'three'])
})

test('a stop hands over the block that was held, and a later start goes on behind it', async () => {
  folder.append('a.log', 'one\n 1\n')
  const first = start(BLOCKS)
  await vi.waitFor(async () => expect(await first.metric('read_lines_total')).toBe(2), PATIENCE)
  expect(first.texts()).toEqual([])
  await first.stop()
  expect(first.texts()).toEqual(['one\n 1'])
  folder.append('a.log', 'two\n')
  const second = start(BLOCKS)
  await vi.waitFor(async () => expect(await second.metric('read_lines_total')).toBe(1), PATIENCE)
  await second.stop()
  expect(second.texts()).toEqual(['two'])
})

test('a stop does not divide a block whose rest is in the file and was not read: the batch had no room', async () => {
  folder.append('a.log', 'one\n 1\ntwo\n 1\nthree\n 1\nfour\n 1\n')
  const first = start(BLOCKS, { batchBytes: 1 })
  first.blocked = true
  // One block is on its way, one is collected, and of the third a line is held.
  await vi.waitFor(async () => expect(await first.metric('read_lines_total')).toBe(5), PATIENCE)
  await first.stop()
  expect(first.texts()).toEqual(['one\n 1', 'two\n 1'])
  const second = start(BLOCKS)
  await expect.poll(second.texts, PATIENCE).toEqual(['three\n 1'])
  await second.stop()
  expect(second.texts()).toEqual(['three\n 1', 'four\n 1'])
})

test('a line that begins in one file and ends in the next is acknowledged for both at once', async () => {
  const time = '2024-01-01T00:00:00Z stdout'
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`)
  folder.append('a.log', `${time} P he\n`)
  const killed = start([{ cri: {} }], { batchBytes: 200 })
  await vi.waitFor(async () => expect(await killed.metric('read_lines_total')).toBe(1), PATIENCE)
  killed.blocked = true
  renameSync(folder.path('a.log'), folder.path('a.log.1'))
  folder.append('a.log', `${time} F llo\n${lines.map((line) => `${time} F ${line}\n`).join('')}`)
  killed.blocked = false
  await vi.waitFor(() => expect(killed.batches.length).toBeGreaterThan(3), { timeout: 10_000, interval: 1 })
  killed.blocked = true
  const took = killed.texts().length
  expect(took).toBeLessThan(lines.length)
  await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toMatch(/"offset":[1-9]\d{2,},/), PATIENCE)
  await killed.kill()
  const next = start([{ cri: {} }])
  await expect.poll(() => next.texts().at(-1), PATIENCE).toBe('line 199')
  expect(new Set([...killed.texts(), ...next.texts()])).toEqual(new Set(['hello', ...lines]))
})

test('a part whose end never comes, as of a container that wrote no last line feed, comes out after five seconds, and nothing lags any more', async () => {
  const started = Date.now()
  let passedMs = 0
  folder.append('a.log', '2024-01-01T00:00:00Z stdout F one\n2024-01-01T00:00:00Z stdout P two\n')
  const source = start([{ cri: {} }], { now: () => started + passedMs })
  const texts = (): readonly string[] => {
    passedMs += 10
    return source.texts()
  }
  await expect.poll(texts, PATIENCE).toEqual(['one'])
  const readMs = passedMs
  passedMs = 4900
  await expect.poll(() => source.files()[0]?.lagSeconds, PATIENCE).toBeGreaterThan(4)
  expect(source.texts()).toEqual(['one'])
  passedMs = readMs + 5100
  await expect.poll(texts, PATIENCE).toEqual(['one', 'two'])
  passedMs += 60_000
  await expect.poll(() => source.files()[0]?.lagSeconds, PATIENCE).toBe(0)
})

test('a block that gets no more lines comes out after max_wait_time', async () => {
  folder.append('a.log', 'one\n 1\n')
  const source = start([{ multiline: { firstline: '^\\S', max_wait_time: '20ms' } }])
  await expect.poll(source.texts, PATIENCE).toEqual(['one\n 1'])
})

test('a limit without drop slows reading down, over all files together', async () => {
  const lines = (name: string): readonly string[] => Array.from({ length: 4 }, (_, index) => `${name}${index}`)
  for (const name of ['a', 'b']) folder.append(`${name}.log`, `${lines(name).join('\n')}\n`)
  const startedMs = Date.now()
  // No poll is due in time: the limit says when reading goes on.
  const source = start([{ limit: { rate: 20, burst: 1 } }], { pollMs: 60_000 })
  await vi.waitFor(() => expect(source.texts()).toHaveLength(8), PATIENCE)
  expect(Date.now() - startedMs).toBeGreaterThanOrEqual(350)
  expect(source.texts().toSorted()).toEqual([...lines('a'), ...lines('b')])
  // Each file had its turns.
  expect(
    new Set(
      source
        .texts()
        .slice(0, 4)
        .map((text) => text[0]),
    ),
  ).toEqual(new Set(['a', 'b']))
})

test('what stages count and drop is served', async () => {
  const metrics = createMetrics()
  const stages = [
    { metrics: { seen: { type: 'Counter', config: { match_all: true, action: 'inc' } } } },
    { drop: { expression: 'debug', drop_counter_reason: 'noise' } },
  ]
  folder.append('a.log', 'a debug\nb\n')
  const source = start(stages, { metrics, stageMetrics: createStageMetrics({ metrics, logger: silentLogger }) })
  await expect.poll(source.texts, PATIENCE).toEqual(['b'])
  const page = await metrics.registry.metrics()
  expect(page).toContain(`promtail_custom_seen{filename="${folder.path('a.log')}"} 2`)
  expect(page).toContain('clymene_agent_dropped_lines_total{reason="noise"} 1')
})

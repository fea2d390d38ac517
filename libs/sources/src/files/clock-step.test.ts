import { parseStages } from '@clymene/stages'
import { afterEach, beforeEach, expect, test } from 'vitest'

import type { FileSourceOptions } from './options.ts'
import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

const HOUR_MS = 3_600_000
const PATIENCE = { timeout: 10_000, interval: 5 }
let folder: TestFolder
let source: RunningSource | undefined
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(async () => {
  await source?.stop().catch(() => undefined)
  folder.remove()
})

/** A source whose clock is an hour ahead until it is set right. */
function startAhead(stages: readonly unknown[], options: Partial<FileSourceOptions> = {}) {
  let aheadMs = HOUR_MS
  const job = { ...jobOf('j', { __path__: folder.path('*.log') }), pipeline: parseStages(stages, 'stages') }
  const running = (source = startSource(folder, [job], { now: () => Date.now() + aheadMs, ...options }))
  return { running, setRight: () => void (aheadMs = 0) }
}

const rateOf = (linesPerSecond: number): Partial<FileSourceOptions> => ({ readlineRate: { linesPerSecond, burst: 1, drop: false } })

test.each<[what: string, stages: readonly unknown[], options: Partial<FileSourceOptions>, before: string, sent: number]>([
  ['lines that wait for their turn come', [{ limit: { rate: 20, burst: 1 } }], {}, 'a\n', 1],
  ['lines that wait for the rate of all files come', [], rateOf(20), 'a\n', 1],
  ['the last block is over after its wait', [{ multiline: { firstline: '^S', max_wait_time: '100ms' } }], {}, 'S\n b\nS\n b\n', 1],
])('when a clock that was ahead by an hour is set right %s', async (_what, stages, options, before, sent) => {
  folder.append('a.log', before)
  const { running, setRight } = startAhead(stages, options)
  await expect.poll(() => running.texts().length, PATIENCE).toBe(sent)
  setRight()
  folder.append('a.log', 'Sb\nSc\nSd\n')
  await expect.poll(() => running.texts().at(-1), PATIENCE).toBe('Sd')
})

test('and a rate that drops what is beyond it has room again', async () => {
  folder.append('a.log', 'a\nb\nc\n')
  const { running, setRight } = startAhead([{ limit: { rate: 100, burst: 2, drop: true } }])
  await expect.poll(running.texts, PATIENCE).toEqual(['a', 'b'])
  setRight()
  await expect
    .poll(() => {
      folder.append('a.log', 'again\n')
      return running.texts().includes('again')
    }, PATIENCE)
    .toBe(true)
})

test('and lines have the time of the clock', async () => {
  folder.append('a.log', 'early\n')
  const { running, setRight } = startAhead([])
  await expect.poll(running.texts, PATIENCE).toEqual(['early'])
  setRight()
  folder.append('a.log', 'late\n')
  await expect.poll(running.texts, PATIENCE).toEqual(['early', 'late'])
  const aheadMs = Number((running.sent[1]?.timestampNs ?? 0n) / 1_000_000n) - Date.now()
  expect(aheadMs).toBeLessThan(1000)
})

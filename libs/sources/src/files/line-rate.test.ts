import { createLabelSet, createPipeline, createSharedState, Extracted, parseStages, type Pipeline, type StageConfig } from '@clymene/stages'
import { expect, test } from 'vitest'

import { createLineRate } from './line-rate.ts'

const SECOND = 1_000_000_000n

/** Two files with the stage `drop` before the rate, which counts what it drops. */
function start(drop: boolean) {
  const seen = { nowNs: 1000n * SECOND, dropped: 0, told: [] as string[] }
  const rate = createLineRate(
    { linesPerSecond: 10, burst: 20, drop },
    { rateDroppedLines: { inc: (lines) => void (seen.dropped += lines) } },
  )
  const stages: readonly StageConfig[] = [...parseStages([{ drop: { expression: 'debug' } }], 'stages'), ...rate]
  const shared = createSharedState()
  const options = {
    now: () => seen.nowNs,
    steadyNow: () => seen.nowNs,
    shared,
    inspect: ({ stage }: { stage: string }) => void seen.told.push(stage),
  }
  return { seen, files: [createPipeline(stages, options), createPipeline(stages, options)] }
}

const LABELS = createLabelSet([])
const push = (file: Pipeline | undefined, line: string): number =>
  file?.push({ labels: LABELS, timestampNs: 0n, line, extracted: new Extracted(LABELS), metadata: undefined }).length ?? 0

test('lines that a stage takes out use nothing of the rate, which all files share', () => {
  const { seen, files } = start(true)
  let kept = 0
  for (let line = 0; line < 100; line++) kept += push(files[line % 2], line % 4 === 3 ? 'keep' : 'debug')
  expect([kept, seen.dropped]).toEqual([20, 5])
  seen.nowNs += SECOND / 10n
  expect([push(files[0], 'keep'), push(files[1], 'keep')]).toEqual([1, 0])
  seen.nowNs += 3600n * SECOND
  kept = 0
  for (let line = 0; line < 100; line++) kept += push(files[0], 'keep')
  expect(kept).toBe(20)
  expect(new Set(seen.told)).toEqual(new Set(['drop']))
})

test('or files wait', () => {
  const { seen, files } = start(false)
  for (let line = 0; line < 20; line++) expect([files[0]?.waitUntilNs(), push(files[0], 'keep')]).toEqual([0n, 1])
  expect(files[0]?.waitUntilNs()).toBe(seen.nowNs + SECOND / 10n)
  expect(files[1]?.waitUntilNs()).toBe(seen.nowNs + SECOND / 5n)
  // It had its turn, and keeps it.
  expect([push(files[0], 'debug'), files[0]?.waitUntilNs()]).toEqual([0, seen.nowNs + SECOND / 10n])
  expect(seen.dropped).toBe(0)
})

import { expect, test } from 'vitest'

import { entryOf, pipelineOf } from './run-stages.test-kit.ts'

const SECOND = 1_000_000_000n

test.each<[stage: unknown, line: string, waitNs: bigint]>([
  [{ multiline: { firstline: '^a' } }, 'a', 3n * SECOND],
  ['cri', '2024-01-01T00:00:00Z stdout P a', 5n * SECOND],
  ['docker', '{"log":"a","stream":"stdout","time":"2024-01-01T00:00:00Z"}', 5n * SECOND],
])('%j lets go of what it holds after its wait, wherever the clock of times is put', (stage, line, waitNs) => {
  let now = 7200n * SECOND
  const pipeline = pipelineOf([stage], { now: () => now, steadyNow: () => SECOND })
  expect(pipeline.push(entryOf(line))).toEqual([])
  now = 0n
  expect(pipeline.flush(SECOND + waitNs - 1n)).toEqual([])
  expect(pipeline.flush(SECOND + waitNs)).toHaveLength(1)
})

import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test, vi } from 'vitest'

import { LOKI_LABEL_LIMITS } from './label-limits.ts'
import { createLane, type Lane } from './lane.ts'
import { createOffendedLabels } from './offended-labels.ts'

const WAIT_MS = 1000
/** A lane that collects since 10 s, with something that is read. */
function collecting(): { readonly lane: Lane; readonly acknowledged: () => readonly string[] } {
  const acknowledged: string[] = []
  const lane = createLane({
    stream: 'logs',
    batchBytes: 1024,
    batchWaitMs: WAIT_MS,
    maxLineBytes: 1024,
    labelLimits: LOKI_LABEL_LIMITS,
    offended: createOffendedLabels({ metrics: createMetrics(), logger: silentLogger, now: () => 10_000 }),
    now: () => 10_000,
    emit: async () => undefined,
    signal: new AbortController().signal,
    onSettled: () => undefined,
  })
  lane.advance({ acknowledge: (progress: string) => void acknowledged.push(progress) }, 'read')
  return { lane, acknowledged: () => acknowledged }
}

test.each<[what: string, nowMs: number | undefined, isHandedOver: boolean]>([
  ['it may wait', 10_000 + WAIT_MS - 1, false],
  ['its wait is over', 10_000 + WAIT_MS, true],
  ['the source stops', undefined, true],
])('a batch that is not full, when %s', async (_what, nowMs, isHandedOver) => {
  const { lane, acknowledged } = collecting()
  lane.dispatch(nowMs)
  expect(lane.sending()).toBe(isHandedOver)
  await lane.settled()
  if (isHandedOver) await vi.waitFor(() => expect(acknowledged()).toEqual(['read']))
  expect(lane.idle()).toBe(isHandedOver)
})

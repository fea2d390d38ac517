import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
let source: RunningSource | undefined
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(async () => {
  await source?.stop()
  folder.remove()
})

/** A clock that goes as it is told, from now. */
function createClock() {
  const started = Date.now()
  let passedMs = 0
  return { now: () => started + passedMs, pass: (ms: number) => (passedMs += ms) }
}

const start = (now: () => number): RunningSource =>
  (source = startSource(folder, [jobOf('j', { __path__: folder.path('a.log') })], { now, pollMs: 1000, batchWaitMs: 0, refreshMs: 1000 }))

test('when the sink does not answer it grows, and is gone when all is acknowledged, without another look at the file', async () => {
  const clock = createClock()
  const running = start(clock.now)
  running.blocked = true
  folder.append('a.log', 'one\n')
  clock.pass(1000)
  await vi.waitFor(() => expect(running.files()[0]?.size).toBe(4), { timeout: 10_000, interval: 1 })
  clock.pass(60_000)
  await vi.waitFor(() => expect(running.files()[0]?.lagSeconds).toBeGreaterThanOrEqual(60), { timeout: 10_000, interval: 1 })
  running.blocked = false
  await vi.waitFor(() => expect(running.files()[0]?.lagSeconds).toBe(0), { timeout: 10_000, interval: 1 })
}, 30_000)

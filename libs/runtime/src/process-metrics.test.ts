import { setTimeout as sleep } from 'node:timers/promises'

import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'

import { collectProcessMetrics } from './process-metrics.ts'

const work = (milliseconds: number): void => {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

test('the lag of the event loop is how late its timers are, without the time between them', async () => {
  const registry = new Registry()
  collectProcessMetrics(registry)
  const lag = async (name: string): Promise<number> =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(await registry.metrics())?.[1])
  // Each reading begins anew, with the next timer.
  await vi.waitFor(async () => expect(await lag('min')).toBeLessThan(0.09), { timeout: 20_000, interval: 250 })
  await vi.waitFor(
    async () => {
      await sleep(250)
      work(500)
      await sleep(250)
      expect(await lag('max')).toBeGreaterThanOrEqual(0.35)
    },
    { timeout: 20_000 },
  )
})

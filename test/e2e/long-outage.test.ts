import { afterAll, beforeAll, expect, test } from 'vitest'

import { runOutage } from '../bench/outage.ts'
import { describeWithEngines, startKafka, type Kafka } from '../engines/index.ts'

/** Generous, as other tests run beside this one; what it takes alone stands in docs/performance.md. */
const MAX_MEMORY = 384 * 1024 * 1024

describeWithEngines(['kafka'], 'one store away while samples and lines come', () => {
  let kafka: Kafka

  beforeAll(async () => {
    kafka = await startKafka({ partitions: 3 })
  })
  afterAll(() => kafka?.stop())

  test('the others get what comes, memory is bounded, and in the end every store has everything once', async () => {
    const report = await runOutage({
      kafka,
      gone: 'cortex',
      rounds: 1,
      warmUpSeconds: 0,
      beforeSeconds: 2,
      awaySeconds: 6,
      samplesPerSecond: 20_000,
      linesPerSecond: 2000,
    })
    const { samples, lines } = report.acknowledged
    expect(samples).toBeGreaterThan(0)
    expect(lines).toBeGreaterThan(0)
    expect(report.stored).toEqual({ prometheus: samples, cortex: samples, loki: lines })
    expect(report.rounds[0]?.backlog).toBeGreaterThan(0)
    // They went on while the other one was away.
    expect(report.metrics.away.messages).toBeGreaterThan(0)
    expect(report.logs.away.messages).toBeGreaterThan(0)
    expect(report.peakBytes).toBeLessThan(MAX_MEMORY)
  })
})

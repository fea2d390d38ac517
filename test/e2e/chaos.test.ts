import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { NEEDED_ENGINES, startEngines, type Engines } from '../chaos/engines.ts'
import { impossibleFaults } from '../chaos/impossible.ts'
import { runSeed } from '../chaos/run-seed.ts'
import { describeReport } from '../chaos/table.ts'
import { describeWithEngines } from '../engines/index.ts'

/** Long runs: `npm run chaos -- --seeds=50`. */
const SEED = 5

describeWithEngines(NEEDED_ENGINES, 'chaos', () => {
  const keepIn = join(tmpdir(), 'clymene-chaos-logs')
  let engines: Engines
  beforeAll(async () => {
    engines = await startEngines()
  })
  afterAll(() => engines?.stop())

  test('whatever is killed, paused or answers wrongly: all that was acknowledged is in every store, and nothing else', async () => {
    const report = await runSeed({
      engines,
      seed: SEED,
      faults: 5,
      loadMs: 14_000,
      without: impossibleFaults().map(({ kind }) => kind),
      keepIn,
    })
    expect(report.findings.length === 0 ? 'clean' : describeReport(report)).toBe('clean')
    expect(report.counts.samples).toBeGreaterThan(300)
    expect(report.counts.lines).toBeGreaterThan(300)
  })
})

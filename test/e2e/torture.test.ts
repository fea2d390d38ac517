import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Plan } from '../torture/plan.ts'
import { runSeed } from '../torture/run-seed.ts'
import { describeReport } from '../torture/table.ts'

/** Every way to rotate, and every way to disturb who reads. Long runs: `npm run torture -- --seeds=1-30`. */
const PLAN: Plan = {
  seed: 1,
  way: 'recorder',
  format: 'cri-partial',
  files: [
    { rotation: 'rename', rotateEveryMs: 300 },
    { rotation: 'shift', rotateEveryMs: 400 },
    { rotation: 'kubelet', rotateEveryMs: 300 },
    { rotation: 'copytruncate', rotateEveryMs: 900 },
  ],
  shortLived: 2,
  linesPerSecond: 4000,
  links: true,
  agent: { streams: 2, batchBytes: 64 * 1024, batchWaitMs: 100, searchEveryS: 1 },
  faults: [
    { kind: 'answers', on: 'recorder', answer: 'lost', atMs: 500, forMs: 400 },
    { kind: 'kill', on: 'agent', atMs: 1200, forMs: 500 },
    { kind: 'answers', on: 'recorder', answer: '503', atMs: 2200, forMs: 500 },
    { kind: 'pause', on: 'agent', atMs: 2500, forMs: 700 },
    { kind: 'reload', on: 'agent', by: 'file', atMs: 3800, forMs: 0 },
    { kind: 'restart', on: 'agent', atMs: 4200, forMs: 200 },
  ],
}

test('files that are written fast and rotated often by an agent that is killed, stopped and left alone: every line once, in order', async () => {
  const report = await runSeed({ plan: PLAN, loadMs: 6000, keepIn: join(tmpdir(), 'clymene-torture-logs') })
  expect(report.findings.length === 0 ? 'clean' : describeReport(report)).toBe('clean')
  expect(report.counts.written).toBeGreaterThan(1000)
  expect(report.counts.rotations).toBeGreaterThan(20)
})

import { silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createLossReport } from './loss-report.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

test.each<[what: string, passed: readonly number[], told: number]>([
  ['at once', [0], 1],
  ['once in a minute', [0, MINUTE - 1], 1],
  ['again after a minute', [0, MINUTE - 1, 1], 2],
  ['again when the clock was put back further than that', [0, -HOUR], 2],
])('losses are told %s', (_what, passed, told) => {
  let nowMs = 2 * HOUR
  let errors = 0
  const logger = { ...silentLogger, error: () => void errors++ }
  const report = createLossReport('lost', logger, () => nowMs)
  for (const ms of passed) {
    nowMs += ms
    report.add('group', { messages: 1, samples: 1, oldestMs: 0, newestMs: 0 }, {})
  }
  expect(errors).toBe(told)
})

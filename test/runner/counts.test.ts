import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { add, countsLine, countsOfReport, countsOfStatus } from './counts.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-counts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const reportFile = (text: string): string => {
  const file = join(folder, 'report.json')
  writeFileSync(file, text)
  return file
}
const report = (passed: number, failed: number, skipped: number, todo = 0, results: readonly object[] = []): string =>
  JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: todo, testResults: results })

describe('counts of a vitest report', () => {
  test.each([
    ['all passed', report(3, 0, 0), 0, { passed: 3, failed: 0, skipped: 0 }],
    ['a test failed', report(2, 1, 0), 1, { passed: 2, failed: 1, skipped: 0 }],
    ['skipped and todo are both skipped', report(2, 0, 1, 1), 0, { passed: 2, failed: 0, skipped: 2 }],
    [
      'a file that does not load is a failure',
      report(2, 0, 0, 0, [{ status: 'failed', assertionResults: [] }]),
      1,
      { passed: 2, failed: 1, skipped: 0 },
    ],
    [
      'a file whose test failed is counted once',
      report(0, 1, 0, 0, [{ status: 'failed', assertionResults: [{}] }]),
      1,
      { passed: 0, failed: 1, skipped: 0 },
    ],
    ['an unhandled rejection fails a run without a failed test', report(3, 0, 0), 1, { passed: 3, failed: 1, skipped: 0 }],
    ['a report cut short', '{"numPassedTests": 3', 0, { passed: 0, failed: 1, skipped: 0 }],
  ])('%s', (_, text, status, expected) => {
    expect(countsOfReport(reportFile(text), status)).toEqual(expected)
  })

  test('no report is a failure, whatever the status says', () => {
    expect(countsOfReport(join(folder, 'nowhere.json'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})

test('a step without tests counts only when it failed', () => {
  expect([countsOfStatus(0), countsOfStatus(2)]).toEqual([
    { passed: 0, failed: 0, skipped: 0 },
    { passed: 0, failed: 1, skipped: 0 },
  ])
})

test('the closing line', () => {
  const sum = add({ passed: 10, failed: 1, skipped: 0 }, { passed: 5, failed: 0, skipped: 2 })
  expect(countsLine(sum)).toBe('15 passed, 1 failed, 2 skipped')
  expect(countsLine({ passed: 1, failed: 0, skipped: 0 })).toBe('1 passed, 0 failed')
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { countsOfBothRuns, filesToRunAgain } from './second-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-second-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Outcomes = Readonly<Record<string, readonly string[]>>

/** A report of files with the outcome of each of their tests. */
function report(name: string, outcomes: Outcomes): string {
  const testResults = Object.entries(outcomes).map(([file, statuses]) => ({
    name: file,
    status: statuses.length === 0 || statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status, index) => ({ status, fullName: `${file} #${index}` })),
  }))
  const all = Object.values(outcomes).flat()
  const count = (status: string): number => all.filter((one) => one === status).length
  const counts = { numPassedTests: count('passed'), numFailedTests: count('failed'), numPendingTests: count('skipped'), numTodoTests: 0 }
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify({ ...counts, testResults }))
  return path
}

describe('files to run again', () => {
  const failing = ['passed', 'failed']
  test.each<[string, Outcomes, readonly string[]]>([
    ['all passed', { a: ['passed'], b: ['passed', 'skipped'] }, []],
    ['a test failed', { a: ['passed'], b: failing }, ['b']],
    ['three files', { a: failing, b: failing, c: failing }, ['a', 'b', 'c']],
    ['four files are no accident', { a: failing, b: failing, c: failing, d: failing }, []],
    ['a file that does not load', { a: [], b: failing }, []],
  ])('%s', (_, outcomes, expected) => {
    expect(filesToRunAgain(report('first.json', outcomes))).toEqual(expected)
  })

  test('no report', () => {
    expect(filesToRunAgain(join(folder, 'nowhere.json'))).toEqual([])
  })
})

describe('counts of both runs', () => {
  const first = { a: ['passed', 'skipped'], b: ['passed', 'failed'] }
  test.each<[string, Outcomes, number, object]>([
    ['it passes alone', { b: ['passed', 'passed'] }, 0, { counts: { passed: 3, failed: 0, skipped: 1 }, unsteady: ['b #1'] }],
    ['it fails again', { b: ['passed', 'failed'] }, 1, { counts: { passed: 2, failed: 1, skipped: 1 }, unsteady: [] }],
    ['another test fails', { b: ['failed', 'passed'] }, 1, { counts: { passed: 2, failed: 1, skipped: 1 }, unsteady: [] }],
    ['the second run breaks', { b: ['passed', 'passed'] }, 1, { counts: { passed: 3, failed: 1, skipped: 1 }, unsteady: [] }],
  ])('%s', (_, second, status, expected) => {
    expect(countsOfBothRuns(report('first.json', first), report('second.json', second), status)).toEqual(expected)
  })
})

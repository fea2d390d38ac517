import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { failuresOf } from './failures.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-failures-'))
afterAll(() => rmSync(folder, { recursive: true }))

const failed = (fullName: string, ...failureMessages: readonly string[]): object => ({ status: 'failed', fullName, failureMessages })
const passed = { status: 'passed', fullName: 'fine', failureMessages: [] }
const error = 'AssertionError: expected 1 to be 2\n    at /root/libs/a.test.ts:3:5\n    at more'

test.each<[string, readonly object[], readonly string[]]>([
  ['all passed', [{ name: '/root/libs/a.test.ts', assertionResults: [passed] }], []],
  [
    'a test: its message to the first place of its stack',
    [{ name: '/root/libs/a.test.ts', assertionResults: [passed, failed('sums up', error)] }],
    ['libs/a.test.ts: sums up: AssertionError: expected 1 to be 2 at /root/libs/a.test.ts:3:5'],
  ],
  [
    'a message in colours, of several lines and without a stack',
    [{ name: '/root/b.test.ts', assertionResults: [failed('b', '\u001B[31mcounterexample:\u001B[39m\n  [1]')] }],
    ['b.test.ts: b: counterexample: [1]'],
  ],
  [
    'a long message is cut',
    [{ name: '/root/b.test.ts', assertionResults: [failed('b', 'x'.repeat(500))] }],
    [`b.test.ts: b: ${'x'.repeat(400)}…`],
  ],
  ['a file that does not load', [{ name: '/root/c.test.ts', message: 'SyntaxError', assertionResults: [] }], ['c.test.ts: SyntaxError']],
  ['a failure without a message', [{ name: '/root/b.test.ts', assertionResults: [failed('b')] }], ['b.test.ts: b: no message']],
])('%s', (_, testResults, expected) => {
  const report = join(folder, 'report.json')
  writeFileSync(report, JSON.stringify({ testResults }))
  expect(failuresOf(report, '/root')).toEqual(expected)
})

test('no report', () => {
  expect(failuresOf(join(folder, 'nowhere.json'), '/root')).toEqual([])
})

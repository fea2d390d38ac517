import { expect, test } from 'vitest'

import { readOptions, USAGE } from './options.ts'

test.each<[argv: readonly string[], expected: object]>([
  [['--seeds=1-30'], { first: 1, last: 30, faults: 6, loadMs: 12_000, table: undefined, isHelp: false }],
  [['--seeds', '7', '--faults=0', '--load-seconds=0.5', '--table=t.md'], { first: 7, last: 7, faults: 0, loadMs: 500, table: 't.md' }],
  [[], { first: expect.any(Number), faults: 6 }],
  [['-h'], { isHelp: true }],
])('%j', (argv, expected) => {
  expect(readOptions(argv)).toMatchObject(expected)
})

test.each<[argv: readonly string[], mistakes: string]>([
  [
    ['--seeds=30-1', '--faults=some'],
    '--seeds="30-1": expected a seed, or the first and the last one as 1-30\n--faults="some": expected a number of at least 0',
  ],
  [['--seeds=all'], '--seeds="all": expected a seed, or the first and the last one as 1-30'],
  [['--seeds=1', '--load-seconds='], '--load-seconds="": expected a number of at least 0'],
])('%j is refused', (argv, mistakes) => {
  expect(readOptions(argv)).toBe(mistakes)
})

test.each([[['--sead=1']], [['word']], [['--seeds']]])('%j is one line, and no trace', (argv) => {
  expect(readOptions(argv)).toMatch(/^[^\n]+; --help lists all flags$/)
})

test('every flag is told', () => {
  expect(['seeds', 'faults', 'load-seconds', 'table'].filter((name) => !USAGE.includes(`--${name} `))).toEqual([])
})

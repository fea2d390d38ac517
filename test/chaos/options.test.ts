import { expect, test } from 'vitest'

import { readOptions, USAGE } from './options.ts'

test.each<[argv: readonly string[], expected: object]>([
  [[], { isHelp: false, seeds: 1, minutes: Infinity, faults: 6, loadMs: 18_000, table: undefined, first: expect.any(Number) }],
  [['--minutes=60'], { seeds: Infinity, minutes: 60 }],
  [['--seeds=50', '--seed', '1'], { seeds: 50, first: 1 }],
  [['--seed=17', '--faults=12', '--load-seconds=0.5', '--table=t.md'], { first: 17, faults: 12, loadMs: 500, table: 't.md' }],
  [['--help'], { isHelp: true }],
  [['-h', '--seeds=2'], { isHelp: true }],
])('%j', (argv, expected) => {
  expect(readOptions(argv)).toMatchObject(expected)
})

test.each<[argv: readonly string[], mistakes: string]>([
  [['--seeds=many', '--faults='], '--seeds="many": expected a number of at least 0\n--faults="": expected a number of at least 0'],
  [['--minutes=-1'], '--minutes="-1": expected a number of at least 0'],
])('%j is refused', (argv, mistakes) => {
  expect(readOptions(argv)).toBe(mistakes)
})

test.each([[['--sead=1']], [['word']], [['--seed']], [['--help=1']]])('%j is one line, and no trace', (argv) => {
  expect(readOptions(argv)).toMatch(/^[^\n]+; --help lists all flags$/)
})

test('every flag is told', () => {
  expect(['seeds', 'minutes', 'seed', 'faults', 'load-seconds', 'table'].filter((name) => !USAGE.includes(`--${name} `))).toEqual([])
})

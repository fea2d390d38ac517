import { ConfigError } from '@clymene/model'
import { parseFlags } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { kindsOf, letterFilter, letterFilterFlags } from './filter.ts'
import type { Letter } from './letter.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const letter: Letter = {
  place: { logId: 'log', topic: 'clymene-dead-letter', partition: 1, offset: 99n, timestampMs: 2 },
  note: {
    storage: 'prometheus',
    reason: 'out of order sample',
    timeMs: NOW - 3_600_000,
    cluster: 'c1',
    position: 0,
    origin: { topic: 'clymene', partition: 2, offset: 17n, timestampMs: 1 },
  },
  message: { kind: 'metrics', key: 'k', value: Buffer.alloc(0), headers: {} },
  parts: 1,
}

const filterOf = (argv: readonly string[]) => parseFlags(letterFilterFlags, argv, {}).values

test.each<[argv: readonly string[], isWanted: boolean]>([
  [[], true],
  [['--cluster=c1'], true],
  [['--cluster=c0,c1'], true],
  [['--cluster=c'], false],
  [['--storage=prometheus'], true],
  [['--storage=loki'], false],
  [['--kind=metrics'], true],
  [['--kind=logs'], false],
  [['--topic=clymene'], true],
  [['--topic=clymene-logs'], false],
  [['--reason=order'], true],
  [['--reason=Order'], false],
  [['--reason=/^out .* sample$/'], true],
  [['--reason=/(?i)ORDER/'], true],
  [['--reason=/^order/'], false],
  [['--reason=/'], false],
  [['--since=1h'], true],
  [['--since=59m'], false],
  [['--since=2026-05-01T11:00:00Z'], true],
  [['--since=2026-05-01T13:00:00+02:00'], true],
  [['--since=2026-05-01T11:00:01Z'], false],
  [['--until=2026-05-02'], true],
  [['--until=1h'], false],
  [['--until=59m'], true],
  [['--offset=17'], true],
  [['--offset=1,2/17'], true],
  [['--offset=clymene/2/17'], true],
  [['--offset=16,18'], false],
  [['--offset=1/17'], false],
  [['--offset=clymene-logs/2/17'], false],
  [['--offset=99'], false],
  [['--cluster=c1', '--storage=loki'], false],
])('%j: %j', (argv, isWanted) => {
  expect(letterFilter(filterOf(argv), NOW)(letter)).toBe(isWanted)
})

test('what did not pass a bus has the place of its letter', () => {
  const { origin: _, ...note } = letter.note
  expect(letterFilter(filterOf(['--offset=1/99']), NOW)({ ...letter, note })).toBe(true)
})

test('the kinds to read', () => {
  expect([kindsOf({ kind: 'all' }), kindsOf({ kind: 'logs' })]).toEqual([['metrics', 'logs'], ['logs']])
})

test('every mistake at once', () => {
  const argv = ['--kind=traces', '--since=yesterday', '--until=2026-13-01', '--reason=/(/', '--offset=a/b,5', '--offsets=1']
  const mistakes = ((): readonly string[] => {
    try {
      filterOf(argv)
      return []
    } catch (error) {
      return error instanceof ConfigError ? error.mistakes : [String(error)]
    }
  })()
  expect(mistakes).toEqual([
    '--offsets: unknown flag, did you mean --offset?',
    '--kind="traces": expected one of all, metrics, logs',
    '--offset="a/b,5": expected offset, partition/offset or topic/partition/offset, found "a/b"',
    expect.stringMatching(/^--reason="\/\(\/": expected a regular expression between slashes: /),
    '--since="yesterday": expected a duration such as 2h, or a time such as 2026-05-01T10:00:00Z',
    '--until="2026-13-01": expected a duration such as 2h, or a time such as 2026-05-01T10:00:00Z',
  ])
})

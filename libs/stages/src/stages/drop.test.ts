import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { countDropped, entryOf, pipelineOf, runStages } from '../run-stages.test-kit.ts'

const json = { json: { expressions: { level: '', app: '' } } }

describe('drop', () => {
  const cases: readonly [name: string, options: object, lines: readonly string[], kept: readonly string[]][] = [
    ['expression in the line', { expression: 'de?bug' }, ['a debug b', 'a dbug', 'error'], ['error']],
    ['expression, anchored by itself', { expression: '^debug$' }, ['debug', 'debug '], ['debug ']],
    ['longer_than', { longer_than: 4 }, ['1234', '12345', '가나', '가'], ['1234', '가']],
    ['longer_than with a unit', { longer_than: '1KB' }, ['x'.repeat(1024), 'x'.repeat(1025)], ['x'.repeat(1024)]],
    ['a source that is there', { source: 'level' }, ['{"level":"x"}', '{"app":"x"}'], ['{"app":"x"}']],
    ['several sources: all', { source: ['level', 'app'] }, ['{"level":"x"}', '{"app":"x","level":"y"}'], ['{"level":"x"}']],
    ['sources with a comma', { source: 'level,app' }, ['{"level":"x"}', '{"app":"x","level":"y"}'], ['{"level":"x"}']],
    ['value', { source: 'level', value: 'debug' }, ['{"level":"debug"}', '{"level":"debug "}', '{}'], ['{"level":"debug "}', '{}']],
    ['value of a number', { source: 'level', value: 10 }, ['{"level":10}', '{"level":1}'], ['{"level":1}']],
    ['value takes no pattern', { source: 'level', value: '.*' }, ['{"level":"debug"}'], ['{"level":"debug"}']],
    ['expression of a source', { source: 'level', expression: 'de.ug' }, ['{"level":"xdebug"}', 'debug'], ['debug']],
    ['sources joined', { source: ['level', 'app'], expression: '^a;b$' }, ['{"level":"a","app":"b"}', '{"level":"a"}'], ['{"level":"a"}']],
    ['separator', { source: ['level', 'app'], separator: '-', value: 'a-b' }, ['{"level":"a","app":"b"}'], []],
    ['a label is extracted too', { source: 'job', value: 'j' }, ['x'], []],
    ['everything has to hold', { expression: 'x', longer_than: 2 }, ['x', 'xxx', 'aaa'], ['x', 'aaa']],
  ]
  test.each(cases)('%s', (_, options, lines, kept) => {
    const { dropped, counts } = countDropped()
    const stages = [json, { drop: options }]
    expect(runStages(stages, lines, { dropped }).map((shown) => shown.slice(shown.indexOf('|') + 1))).toEqual(kept)
    expect(counts.get('drop_stage') ?? 0).toBe(lines.length - kept.length)
  })

  test('older_than compares with the clock', () => {
    const minute = 60_000_000_000n
    const pipeline = pipelineOf([{ drop: { older_than: '1m', drop_counter_reason: 'old' } }], { now: () => 10n * minute })
    const ages = [8n * minute, 9n * minute - 1n, 9n * minute, 11n * minute]
    expect(ages.map((timestampNs) => pipeline.push({ ...entryOf('x'), timestampNs }).length)).toEqual([0, 0, 1, 1])
  })

  test('what is kept and what is counted make up all lines', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(5), (lines, longerThan) => {
        const { dropped, counts } = countDropped()
        const kept = runStages([{ drop: { longer_than: longerThan + 1, drop_counter_reason: 'long' } }], lines, { dropped })
        expect(kept.length + (counts.get('long') ?? 0)).toBe(lines.length)
        expect(kept.length).toBe(lines.filter((line) => Buffer.byteLength(line) <= longerThan + 1).length)
      }),
      { numRuns: 50 },
    )
  })
})

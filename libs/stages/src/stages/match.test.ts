import { describe, expect, test } from 'vitest'

import type { InspectStep } from '../inspect.ts'
import { countDropped, entryOf, pipelineOf, runStages, shown } from '../run-stages.test-kit.ts'

const matching = (selector: string, ...stages: readonly unknown[]): object => ({ match: { selector, stages } })

describe('match', () => {
  const cases: readonly [name: string, stages: readonly unknown[], lines: readonly string[], expected: readonly string[]][] = [
    [
      'selected lines go through its stages',
      [matching('{job="j"} |= "a"', { static_labels: { hit: 'y' } })],
      ['a', 'b'],
      ['5 hit=y|a', '5 |b'],
    ],
    ['others pass', [matching('{job="other"}', { static_labels: { hit: 'y' } })], ['a'], ['5 |a']],
    [
      'what stages before set counts',
      [{ static_labels: { app: 'x' } }, matching('{app="x"}', { pack: { labels: ['app'], ingest_timestamp: false } })],
      ['l'],
      ['5 |{"app":"x","_entry":"l"}'],
    ],
    [
      'match in match',
      [matching('{job="j"}', matching('{} |= "a"', { static_labels: { deep: 'y' } }))],
      ['a', 'b'],
      ['5 deep=y|a', '5 |b'],
    ],
    ['drop', [{ match: { selector: '{job="j"} |~ "^a"', action: 'drop' } }], ['a', 'ba'], ['5 |ba']],
    ['a pipeline_name is allowed', [{ match: { selector: '{job="j"}', pipeline_name: 'p', action: 'drop' } }], ['a'], []],
  ]
  test.each(cases)('%s', (_, stages, lines, expected) => {
    expect(runStages(stages, lines)).toEqual(expected)
  })

  test('what its stages hold is held, and comes out at a flush', () => {
    const pipeline = pipelineOf([matching('{job="j"}', { multiline: { firstline: '^\\S' } })])
    pipeline.push({ ...entryOf('a'), origin: 7 })
    pipeline.push({ ...entryOf(' b'), origin: 9 })
    expect([pipeline.held(), pipeline.heldFrom()]).toEqual([2, 7])
    expect(shown(pipeline.flush())).toEqual(['5 |a\n b'])
    expect(pipeline.held()).toBe(0)
  })

  test('what it drops is counted under its reason, or that of a stage in it', () => {
    const { dropped, counts } = countDropped()
    const drop = { drop: { expression: 'b', drop_counter_reason: 'noise' } }
    const stages = [
      { match: { selector: '{} |= "a"', action: 'drop' } },
      matching('{job="j"}', drop),
      { match: { selector: '{}', action: 'drop', drop_counter_reason: 'all' } },
    ]
    expect(runStages(stages, ['a', 'b', 'c'], { dropped })).toEqual([])
    expect(counts).toEqual(
      new Map([
        ['match_stage', 1],
        ['noise', 1],
        ['all', 1],
      ]),
    )
  })

  test('who inspects sees the stages in it', () => {
    const steps: InspectStep[] = []
    const pipeline = pipelineOf([matching('{job="j"}', { static_labels: { hit: 'y' } })], { inspect: (step) => steps.push(step) })
    pipeline.push(entryOf('a'))
    expect(steps.map(({ stage }) => stage)).toEqual(['match', 'static_labels'])
  })
})

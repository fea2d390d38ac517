import { expect, test } from 'vitest'

import type { EntryView, InspectStep } from './inspect.ts'
import { entryOf, pipelineOf } from './run-stages.test-kit.ts'

/** What each step was, by stage: the line before and after, and how many values, labels and metadata there are. */
function stepsOf(stages: readonly unknown[], lines: readonly string[]): readonly string[] {
  const steps: InspectStep[] = []
  const pipeline = pipelineOf(stages, { inspect: (step) => void steps.push(step) })
  for (const line of lines) pipeline.push(entryOf(line))
  pipeline.flush()
  const view = (one: EntryView | undefined): string =>
    one === undefined ? '-' : `${one.line} ${one.extracted.size}/${one.labels.length}/${one.metadata.length} ${one.timestampNs}`
  return steps.map(({ stage, before, after }) => `${stage}: ${view(before)} → ${view(after)}`)
}

test('every stage is shown with the entry before and after it, in order', () => {
  const stages = [
    { regex: { expression: '(?P<a>.)(?P<b>.)' } },
    { labels: { a: '' } },
    { structured_metadata: { b: '' } },
    { timestamp: { source: 'a', format: 'UnixNs' } },
    { output: { source: 'b' } },
  ]
  expect(stepsOf(stages, ['7x'])).toEqual([
    'regex: 7x 0/1/0 5 → 7x 2/1/0 5',
    'labels: 7x 2/1/0 5 → 7x 2/2/0 5',
    'structured_metadata: 7x 2/2/0 5 → 7x 2/2/1 5',
    'timestamp: 7x 2/2/1 5 → 7x 2/2/1 7',
    'output: 7x 2/2/1 7 → x 2/2/1 7',
  ])
})

test('a line that is dropped has no after', () => {
  expect(stepsOf([{ json: { expressions: { a: '' }, drop_malformed: true } }, 'decolorize'], ['x'])).toEqual(['json: x 0/1/0 5 → -'])
})

test('what ends at a stage was dropped, joined or is held', () => {
  const steps: InspectStep[] = []
  const stages = [{ drop: { expression: '^no', drop_counter_reason: 'noise' } }, { multiline: { firstline: '^a', max_lines: 2 } }]
  const pipeline = pipelineOf(stages, { inspect: (step) => void steps.push(step) })
  for (const line of ['no', 'a', 'b']) pipeline.push(entryOf(line))
  const ends = steps.flatMap(({ stage, before, after, dropped, joined }) =>
    after === undefined ? [[stage, before?.line, dropped, joined]] : [],
  )
  expect(ends).toEqual([
    ['drop', 'no', 'noise', undefined],
    ['multiline', 'a', undefined, undefined],
    ['multiline', 'b', undefined, true],
  ])
})

test('a line that is held has no after, and no before when it comes out', () => {
  expect(stepsOf([{ multiline: { firstline: '^a' } }], ['a', 'b', 'a2'])).toEqual([
    'multiline: a 0/1/0 5 → -',
    'multiline: b 0/1/0 5 → -',
    'multiline: - → a\nb 0/1/0 5',
    'multiline: a2 0/1/0 5 → -',
    'multiline: - → a2 0/1/0 5',
  ])
})

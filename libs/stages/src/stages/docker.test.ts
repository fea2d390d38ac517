import { expect, test } from 'vitest'

import { entryOf, pipelineOf, runStages, shown } from '../run-stages.test-kit.ts'

const part = (log: string, stream = 'stdout'): string => JSON.stringify({ log, stream, time: '1970-01-01T00:00:00.000000007Z' })

test.each([
  ['what Docker cut is joined', [part('he'), part('l'), part('lo\n')], ['7 stream=stdout|hello']],
  [
    'each stream on its own',
    [part('o1 '), part('e1 ', 'stderr'), part('o2\n'), part('e2\n', 'stderr')],
    ['7 stream=stdout|o1 o2', '7 stream=stderr|e1 e2'],
  ],
  ['a whole line of the other stream passes', [part('o'), part('e\n', 'stderr'), part('\n')], ['7 stream=stderr|e', '7 stream=stdout|o']],
  ['a line without its end comes out at the last', [part('o')], ['7 stream=stdout|o']],
  ['other lines pass', [part('o'), 'x', part('\n')], ['5 |x', '7 stream=stdout|o']],
])('%s', (_, lines, expected) => {
  expect(runStages(['docker'], lines)).toEqual(expected)
})

test('output is the whole line', () => {
  expect(
    runStages(
      ['docker', { template: { source: 'output', template: '<{{ .Value }}>' } }, { output: { source: 'output' } }],
      [part('a'), part('b\n')],
    ),
  ).toEqual(['7 stream=stdout|<ab>'])
})

test('a joined line is cut at the limit, and so is what is held', () => {
  expect(runStages(['docker'], [part('abc'), part('def'), part('g\n')], { maxLineBytes: 5 })).toEqual(['7 stream=stdout|abcde'])
})

test('parts wait no longer because the line is cut into several', () => {
  let now = 0n
  const pipeline = pipelineOf(['docker'], { now: () => now, maxLineBytes: 3, longLines: 'split' })
  expect(shown(pipeline.push(entryOf(part('abcde'))))).toEqual(['7 stream=stdout|abc'])
  now = 5_000_000_000n
  const [rest] = pipeline.flush(now)
  expect([rest?.line, rest?.extracted.get('output'), rest?.metadata?.get('partial_last')]).toEqual(['de', 'de', 'true'])
})

test('a part waits five seconds for the rest', () => {
  let now = 0n
  const pipeline = pipelineOf(['docker'], { now: () => now })
  pipeline.push({ ...entryOf(part('a')), origin: 10 })
  now = 3_000_000_000n
  pipeline.push({ ...entryOf(part('b')), origin: 20 })
  expect([pipeline.held(), pipeline.heldFrom()]).toEqual([2, 10])
  expect(pipeline.flush(7_999_999_999n)).toEqual([])
  expect(shown(pipeline.flush(8_000_000_000n))).toEqual(['7 stream=stdout|ab'])
  expect([pipeline.held(), pipeline.heldFrom()]).toEqual([0, Infinity])
})

test('a hundred sets of labels may wait, one more lets them go', () => {
  const pipeline = pipelineOf(['docker'])
  const out = Array.from({ length: 101 }, (_, index) => pipeline.push(entryOf(part('a', `s${index}`))))
  expect(out.map((entries) => entries.length).filter((length) => length > 0)).toEqual([100])
  expect(pipeline.held()).toBe(1)
})

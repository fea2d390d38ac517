import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { entryOf, pipelineOf, runStages, shown } from '../run-stages.test-kit.ts'

const MULTILINE = { multiline: { firstline: '^\\S' } }
const SECOND = 1_000_000_000n

describe('multiline', () => {
  const cases: readonly [name: string, options: object, lines: readonly string[], expected: readonly string[]][] = [
    ['a block', {}, ['a', ' b', ' c', 'd'], ['a\n b\n c', 'd']],
    ['lines before the first firstline pass', {}, [' x', ' y', 'a', ' b'], [' x', ' y', 'a\n b']],
    ['empty lines are part of it', {}, ['a', '', ' b', ''], ['a\n\n b\n']],
    ['carriage returns at the ends stay', {}, ['a\r', ' b\r'], ['a\r\n b\r']],
    ['or go', { trim_newlines: true }, ['a\r', ' b\r\n'], ['a\n b']],
    ['max_lines', { max_lines: 2 }, ['a', ' b', ' c', ' d', ' e', 'f'], ['a\n b', ' c\n d', ' e', 'f']],
    ['max_lines 0: any number', { max_lines: 0 }, ['a', ...Array<string>(200).fill(' b')], [`a${'\n b'.repeat(200)}`]],
    ['max_lines 1', { max_lines: 1 }, ['a', ' b', 'c'], ['a', ' b', 'c']],
    ['firstline in the middle', { firstline: 'START' }, ['x START', 'y', 'z START'], ['x START\ny', 'z START']],
  ]
  test.each(cases)('%s', (_, options, lines, expected) => {
    const stages = [{ multiline: { ...MULTILINE.multiline, ...options } }]
    expect(runStages(stages, lines).map((text) => text.slice(text.indexOf('|') + 1))).toEqual(expected)
  })

  test('a block has the time, labels and extracted values of its first line', () => {
    const stages = [
      { json: { expressions: { t: '' } } },
      { timestamp: { source: 't', format: 'UnixNs', action_on_failure: 'skip' } },
      { multiline: { firstline: '^{', max_lines: 2 } },
      { static_labels: { done: 'y' } },
      { labels: { t: null } },
    ]
    // What is too much for one block keeps the time of its start.
    expect(runStages(stages, ['{"t":"7"}', 'a', 'b'])).toEqual(['7 done=y,t=7|{"t":"7"}\na', '7 done=y,t=7|b'])
  })

  test('each set of labels has its own blocks', () => {
    const pipeline = pipelineOf([MULTILINE])
    const [out, err] = ['out', 'err'].map((stream) => createLabelSet([['stream', stream]]))
    const lines = [entryOf('o', out), entryOf('e', err), entryOf(' o', out), entryOf(' e', err)]
    expect(lines.flatMap((entry) => pipeline.push(entry))).toEqual([])
    expect(shown(pipeline.flush())).toEqual(['5 stream=out|o\n o', '5 stream=err|e\n e'])
  })

  test('a flush with a time lets go of blocks that got no line for max_wait_time', () => {
    let now = 0n
    const pipeline = pipelineOf([{ multiline: { firstline: '^\\S', max_wait_time: '2s' } }], { now: () => now })
    pipeline.push(entryOf('a'))
    now = SECOND
    pipeline.push(entryOf(' b'))
    expect(pipeline.flush(3n * SECOND - 1n)).toEqual([])
    expect(shown(pipeline.flush(3n * SECOND))).toEqual(['5 |a\n b'])
    expect(pipeline.held()).toBe(0)
    // What comes later still belongs to its start, in a block of its own.
    pipeline.push(entryOf(' c'))
    expect(shown(pipeline.flush())).toEqual(['5 | c'])
  })

  test('a block does not become longer than a line may be, and nothing of it is lost', () => {
    expect(runStages([MULTILINE], ['abc', ' de', ' fg'], { maxLineBytes: 8 })).toEqual(['5 |abc\n de', '5 | fg'])
  })

  test('when reading stops blocks come out, parts of lines do not', () => {
    const pipeline = pipelineOf([{ cri: {} }, MULTILINE])
    for (const line of ['F a', 'F  b', 'P c']) pipeline.push(entryOf(`2024-01-01T00:00:00Z stdout ${line}`))
    expect(pipeline.stop().map(({ line }) => line)).toEqual(['a\n b'])
    expect(pipeline.held()).toBe(1)
  })

  test('held and heldFrom tell what has not come out', () => {
    const pipeline = pipelineOf([MULTILINE])
    const steps = ['a', ' b', 'c', ' d'].map((line, index) => {
      pipeline.push({ ...entryOf(line), origin: index * 10 })
      return [pipeline.held(), pipeline.heldFrom()]
    })
    expect(steps).toEqual([
      [1, 0],
      [2, 0],
      [1, 20],
      [2, 20],
    ])
    expect(pipeline.flush().map(({ origin }) => origin)).toEqual([20])
    expect([pipeline.held(), pipeline.heldFrom()]).toEqual([0, Infinity])
  })

  test('of too many sets of labels the oldest is passed on', () => {
    const pipeline = pipelineOf([MULTILINE])
    const push = (id: number): readonly string[] => shown(pipeline.push(entryOf('x', createLabelSet([['id', String(id)]]))))
    for (let id = 0; id < 1000; id++) expect(push(id)).toEqual([])
    expect(push(1000)).toEqual(['5 id=0|x'])
    expect(pipeline.held()).toBe(1000)
  })

  test('whatever the moments of flushes: every line comes out once, in order, and only flushes cut blocks', () => {
    const lines = fc.array(fc.record({ first: fc.boolean(), flush: fc.boolean() }), { maxLength: 60 })
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 5 }), (list, maxLines) => {
        const pipeline = pipelineOf([{ multiline: { firstline: '^F', max_lines: maxLines } }])
        const blocks: string[][] = []
        let open: string[] | undefined
        let isCollecting = false
        const out = list.flatMap(({ first, flush }, index) => {
          const line = `${first ? 'F' : 'c'}${index}`
          if (first) isCollecting = true
          if (open === undefined || first || !isCollecting || open.length === maxLines) blocks.push((open = []))
          open.push(line)
          if (flush) open = undefined
          return [...pipeline.push(entryOf(line)), ...(flush ? pipeline.flush() : [])]
        })
        expect([...out, ...pipeline.flush()].map(({ line }) => line)).toEqual(blocks.map((block) => block.join('\n')))
        expect(pipeline.held()).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

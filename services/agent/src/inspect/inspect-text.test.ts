import { createLabelSet, createPipeline, Extracted, parseStages, type EntryView, type InspectStep } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { createInspectText, isColored } from './inspect-text.ts'

function shown(steps: readonly InspectStep[], colored = false): string {
  let text = ''
  const inspect = createInspectText({ print: (lines) => (text += lines), colored })
  for (const step of steps) inspect(step)
  return text
}

const view = (more: Partial<EntryView> = {}): EntryView => ({
  labels: [['app', 'a']],
  timestampNs: 0n,
  line: 'x',
  extracted: new Map(),
  metadata: [],
  ...more,
})

describe('one step', () => {
  test.each<[name: string, before: EntryView | undefined, after: EntryView | undefined, lines: readonly string[]]>([
    ['changes nothing', view(), view(), ['{app="a"} "x"', '  s  changes nothing']],
    ['ends there', view(), undefined, ['{app="a"} "x"', '  s  holds it']],
    ['was held', undefined, view({ line: 'x\ny' }), ['  s  lets go {app="a"} "x\\ny"']],
    [
      'labels',
      view({
        labels: [
          ['a', '1'],
          ['b', '2'],
        ],
      }),
      view({
        labels: [
          ['b', '3'],
          ['c', '4'],
        ],
      }),
      ['{a="1", b="2"} "x"', '  s', '    - label a "1"', '    ~ label b "2" → "3"', '    + label c "4"'],
    ],
    [
      'time',
      view(),
      view({ timestampNs: 1n }),
      ['{app="a"} "x"', '  s', '    ~ timestamp "1970-01-01T00:00:00Z" → "1970-01-01T00:00:00.000000001Z"'],
    ],
    ['line', view(), view({ line: 'y' }), ['{app="a"} "x"', '  s', '    ~ line "x" → "y"']],
    ['metadata', view(), view({ metadata: [['trace', 't']] }), ['{app="a"} "x"', '  s', '    + metadata trace "t"']],
    [
      'extracted',
      view(),
      view({
        extracted: new Map<string, unknown>([
          ['t', 'text'],
          ['n', 1.5],
          ['b', true],
          ['z', null],
          ['big', 2n ** 64n],
          ['__proto__', 'p'],
          ['u', undefined],
        ]),
      }),
      [
        '{app="a"} "x"',
        '  s',
        '    + extracted t "text"',
        '    + extracted n 1.5',
        '    + extracted b true',
        '    + extracted z null',
        '    + extracted big 18446744073709551616',
        '    + extracted __proto__ "p"',
        '    - extracted u: is not there',
      ],
    ],
    [
      'control characters',
      view({ line: '\u001b[31mred\r' }),
      view({ line: '' }),
      ['{app="a"} "\\u001b[31mred\\r"', '  s', '    ~ line "\\u001b[31mred\\r" → ""'],
    ],
  ])('%s', (_name, before, after, lines) => {
    expect(shown([{ stage: 's', before, after }])).toBe(`${lines.join('\n')}\n`)
  })
})

test.each<[name: string, step: Partial<InspectStep>, line: string]>([
  ['dropped', { dropped: 'noise' }, '  s  drops it (noise)'],
  ['joined', { joined: true }, '  s  joins it to the above'],
  ['dropped in a match', { dropped: 'noise', depth: 1 }, '    s  drops it (noise)'],
])('what ends there: %s', (_name, step, line) => {
  expect(shown([{ stage: 's', before: view(), after: undefined, ...step }])).toBe(`{app="a"} "x"\n${line}\n`)
})

test('what was extracted before and is not there is told once', () => {
  const [was, is] = [view({ extracted: new Map([['d', '1']]) }), view({ extracted: new Map([['d', undefined]]) })]
  const again = view({ extracted: new Map([['d', '2']]) })
  expect(
    shown([
      { stage: 'a', before: was, after: is },
      { stage: 'b', before: is, after: is },
      { stage: 'c', before: is, after: again },
    ]),
  ).toBe('{app="a"} "x"\n  a\n    - extracted d: is not there\n  b  changes nothing\n  c\n    + extracted d "2"\n')
})

test('stages in a match stand below it, indented; of one that does not select there is a line', () => {
  const steps: InspectStep[] = []
  const matching = (selector: string, ...stages: readonly object[]): object => ({ match: { selector, stages } })
  const stages = parseStages(
    [
      matching('{job="j"}', matching('{job="j"} |= "x"', { static_labels: { hit: 'y' } }), { drop: { value: 'none', source: 'a' } }),
      matching('{job="other"}', { static_labels: { b: 'c' } }),
      { match: { selector: '{job="j"}\n|= "noise"', action: 'drop' } },
      { match: { selector: '{hit="y"}', action: 'drop', drop_counter_reason: 'enough' } },
    ],
    'stages',
  )
  const pipeline = createPipeline(stages, { now: () => 0n, inspect: (step) => void steps.push(step) })
  const labels = createLabelSet([['job', 'j']])
  pipeline.push({ labels, timestampNs: 0n, line: 'x', extracted: new Extracted(labels), metadata: undefined })
  expect(shown(steps)).toBe(`{job="j"} "x"
  match {job="j"}
    match {job="j"} |= "x"
      static_labels
        + label hit "y"
    drop  changes nothing
  match {job="other"}  does not select it
  match {job="j"} |= "noise"  does not select it
  match {hit="y"}  drops it (enough)
`)
})

test('an entry stands once before its stages', () => {
  const steps: InspectStep[] = []
  const stages = parseStages(
    [{ json: { expressions: { level: 'level', msg: 'msg' } } }, { labels: { level: null } }, { output: { source: 'msg' } }],
    'stages',
  )
  const pipeline = createPipeline(stages, { now: () => 0n, inspect: (step) => void steps.push(step) })
  const labels = createLabelSet([['job', 'j']])
  for (const line of ['{"level":"info","msg":"hello"}', 'none'])
    pipeline.push({ labels, timestampNs: 0n, line, extracted: new Extracted(labels), metadata: undefined })
  expect(shown(steps)).toBe(`{job="j"} "{\\"level\\":\\"info\\",\\"msg\\":\\"hello\\"}"
  json
    + extracted level "info"
    + extracted msg "hello"
  labels
    + label level "info"
  output
    ~ line "{\\"level\\":\\"info\\",\\"msg\\":\\"hello\\"}" → "hello"
{job="j"} "none"
  json  changes nothing
  labels  changes nothing
  output  changes nothing
`)
})

test('colours mark what is added, changed and taken away', () => {
  const text = shown([{ stage: 's', before: view({ labels: [['a', '1']] }), after: view({ labels: [['b', '1']], line: 'y' }) }], true)
  expect(text).toContain('\u001b[31m- label a "1"\u001b[39m')
  expect(text).toContain('\u001b[32m+ label b "1"\u001b[39m')
  expect(text).toContain('\u001b[33m~ line "x" → "y"\u001b[39m')
})

describe('colours', () => {
  const [colorful, plain] = [(): boolean => true, (): boolean => false]
  const terminal = { isTTY: true, hasColors: colorful }
  test.each([
    ['auto, a terminal', 'auto', terminal, true],
    ['auto, a terminal with NO_COLOR', 'auto', { isTTY: true, hasColors: plain }, false],
    ['auto, a file', 'auto', {}, false],
    ['always, a file', 'always', {}, true],
    ['never, a terminal', 'never', terminal, false],
  ] as const)('%s', (_name, choice, stream, expected) => {
    expect(isColored(choice, stream)).toBe(expected)
  })
})

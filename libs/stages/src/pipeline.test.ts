import { describe, expect, test } from 'vitest'

import { Extracted, type PipelineEntry } from './entry.ts'
import { createLabelSet } from './label-set.ts'
import { parseStages } from './parse-stages.ts'
import { createPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts'

const BASE = createLabelSet([['job', 'j']])
const READ_AT = 5n
const T = '2024-01-01T00:00:00.000000001Z'
const T_NS = 1_704_067_200_000_000_001n

const pipelineOf = (stages: readonly unknown[], options: Partial<PipelineOptions> = {}): Pipeline =>
  createPipeline(parseStages(stages, 'stages'), { now: () => READ_AT, ...options })
const entry = (line: string): PipelineEntry => ({
  labels: BASE,
  timestampNs: READ_AT,
  line,
  extracted: new Extracted(BASE),
  metadata: undefined,
})

/** `time labels|line` of all that comes out; the label job is not shown. */
function shown(entries: readonly PipelineEntry[]): readonly string[] {
  return entries.map(({ timestampNs, labels, line }) => {
    const others = labels.labels.filter(([name]) => name !== 'job').map(([name, value]) => `${name}=${value}`)
    return `${timestampNs === T_NS ? 'T' : timestampNs} ${others.join(',')}|${line}`
  })
}

function run(stages: readonly unknown[], lines: readonly string[], options: Partial<PipelineOptions> = {}): readonly string[] {
  const pipeline = pipelineOf(stages, options)
  return shown([...lines.flatMap((line) => pipeline.push(entry(line))), ...pipeline.flush()])
}

const jsonOf = (expressions: object, more: object = {}): object => ({ json: { expressions, ...more } })

describe('stages', () => {
  const cases: readonly [name: string, stages: readonly unknown[], lines: readonly string[], expected: readonly string[]][] = [
    ['none', [], ['a', ''], ['5 |a', '5 |']],

    ['cri', [{ cri: {} }], [`${T} stdout F hello world`], ['T stream=stdout|hello world']],
    ['cri: no content', [{ cri: {} }], [`${T} stderr F `], ['T stream=stderr|']],
    ['cri: a zone', [{ cri: {} }], ['2024-01-01T09:00:00.000000001+09:00 stdout F x'], ['T stream=stdout|x']],
    ['cri: other lines pass', [{ cri: {} }], ['not cri', `${T} stdin F x`], ['5 |not cri', `5 |${T} stdin F x`]],
    ['cri: a time that is none keeps the time of reading', [{ cri: {} }], ['yesterday stdout F x'], ['5 stream=stdout|x']],
    ['cri: parts are joined', [{ cri: {} }], [`${T} stdout P he`, `${T} stdout P l`, `${T} stdout F lo`], ['T stream=stdout|hello']],
    [
      'cri: streams are joined apart',
      [{ cri: {} }],
      [`${T} stdout P o1 `, `${T} stderr P e1 `, `${T} stdout F o2`, `${T} stderr F e2`],
      ['T stream=stdout|o1 o2', 'T stream=stderr|e1 e2'],
    ],
    [
      'cri: a whole line of the other stream passes a waiting part',
      [{ cri: {} }],
      [`${T} stdout P a`, `${T} stderr F e`, `${T} stdout F b`],
      ['T stream=stderr|e', 'T stream=stdout|ab'],
    ],
    ['cri: parts without an end come out at the flush', [{ cri: {} }], [`${T} stdout P a`], ['T stream=stdout|a']],
    [
      'cri: max_partial_lines',
      [{ cri: { max_partial_lines: 1 } }],
      [`${T} stdout P a`, `${T} stderr P b`, `${T} stderr F c`],
      ['T stream=stdout|a', 'T stream=stderr|bc'],
    ],
    [
      'cri: max_partial_line_size with truncate',
      [{ cri: { max_partial_line_size: 4, max_partial_line_size_truncate: true } }],
      [`${T} stdout P abc`, `${T} stdout P 가`, `${T} stdout F x`],
      ['T stream=stdout|abc'],
    ],
    [
      'cri: max_partial_line_size without truncate',
      [{ cri: { max_partial_line_size: 4 } }],
      [`${T} stdout P abc`, `${T} stdout F def`],
      ['T stream=stdout|abcdef'],
    ],
    ['cri: extracts', [{ cri: {} }, { labels: { flags: null, c: 'content' } }], [`${T} stdout F x`], ['T c=x,flags=F,stream=stdout|x']],

    ['docker', [{ docker: {} }], [`{"log":"a \\u00e9\\n","stream":"stderr","time":"${T}"}`], ['T stream=stderr|a é']],
    ['docker: only one line feed goes', [{ docker: {} }], ['{"log":"a\\n\\n"}'], ['5 |a\n']],
    [
      'docker: other lines pass',
      [{ docker: {} }],
      ['x', '{"log":', '{"msg":"x"}', '{"log":1}'],
      ['5 |x', '5 |{"log":', '5 |{"msg":"x"}', '5 |{"log":1}'],
    ],

    ['json and labels', [jsonOf({ level: '' }), { labels: { level: '' } }], ['{"level":"warn"}'], ['5 level=warn|{"level":"warn"}']],
    [
      'json: a path',
      [jsonOf({ user: 'ctx.user."full name"' }), { output: { source: 'user' } }],
      ['{"ctx":{"user":{"full name":"A B"}}}'],
      ['5 |A B'],
    ],
    [
      'json: numbers and booleans',
      [jsonOf({ a: '', b: '' }), { labels: { a: '', b: '' } }],
      ['{"a":1.5,"b":false}'],
      ['5 a=1.5,b=false|{"a":1.5,"b":false}'],
    ],
    ['json: an object is text', [jsonOf({ a: '' }), { output: { source: 'a' } }], ['{"a":{"b":[1]}}'], ['5 |{"b":[1]}']],
    ['json: null and missing set no label', [jsonOf({ a: '', b: '' }), { labels: { a: '', b: '' } }], ['{"a":null}'], ['5 |{"a":null}']],
    ['json: no JSON passes', [jsonOf({ a: '' }), { labels: { a: '' } }], ['a=1'], ['5 |a=1']],
    ['json: no JSON is dropped on demand', [jsonOf({ a: '' }, { drop_malformed: true })], ['a=1', '{"a":1}'], ['5 |{"a":1}']],
    [
      'json: a source',
      [jsonOf({ in: '' }), jsonOf({ a: '' }, { source: 'in' }), { output: { source: 'a' } }],
      ['{"in":"{\\"a\\":\\"x\\"}"}'],
      ['5 |x'],
    ],
    ['json: a missing source passes', [jsonOf({ a: '' }, { source: 'in', drop_malformed: true })], ['{"a":1}'], ['5 |{"a":1}']],
    ['json: __proto__ is a key', [jsonOf({ p: '__proto__' }), { output: { source: 'p' } }], ['{"__proto__":"x"}'], ['5 |x']],
    ['json: inherited names are none', [jsonOf({ toString: '' }), { labels: { x: 'toString' } }], ['{}'], ['5 |{}']],

    ['labels: from a label of the entry', [{ labels: { copy: 'job' } }], ['x'], ['5 copy=j|x']],
    ['static_labels', [{ static_labels: { a: 'x', b: 2 } }], ['l'], ['5 a=x,b=2|l']],
    ['static_labels: empty removes', [{ static_labels: { a: 'x' } }, { static_labels: { a: null } }], ['l'], ['5 |l']],
    ['output: missing source leaves the line', [{ output: { source: 'none' } }], ['l'], ['5 |l']],

    [
      'timestamp: RFC3339Nano',
      [jsonOf({ t: '' }), { timestamp: { source: 't', format: 'RFC3339Nano' } }, { output: { source: 't' } }],
      [`{"t":"${T}"}`],
      [`T |${T}`],
    ],
    ...(
      [
        ['Unix', '1704067200.000000001', T_NS],
        ['Unix', 1704067200, T_NS - 1n],
        ['UnixMs', 1704067200000, T_NS - 1n],
        ['UnixUs', '1704067200000000', T_NS - 1n],
        ['UnixNs', '1704067200000000001', T_NS],
      ] as const
    ).map(([format, value, expected]): [string, readonly unknown[], readonly string[], readonly string[]] => [
      `timestamp: ${format} ${value}`,
      [jsonOf({ t: '' }), { timestamp: { source: 't', format } }, { static_labels: { done: 'y' } }],
      [JSON.stringify({ t: value })],
      [`${expected === T_NS ? 'T' : expected} done=y|${JSON.stringify({ t: value })}`],
    ]),
    [
      'timestamp: fallback formats',
      [jsonOf({ t: '' }), { timestamp: { source: 't', format: 'RFC3339', fallback_formats: ['UnixNs'] } }],
      ['{"t":"7"}'],
      ['7 |{"t":"7"}'],
    ],
    [
      'timestamp: fudge goes on from the line before',
      [jsonOf({ t: '' }), { timestamp: { source: 't', format: 'UnixNs' } }],
      ['x', '{"t":"100"}', 'x', 'y', '{"t":"90"}', 'z'],
      ['5 |x', '100 |{"t":"100"}', '101 |x', '102 |y', '90 |{"t":"90"}', '91 |z'],
    ],
    [
      'timestamp: skip keeps the time of reading',
      [jsonOf({ t: '' }), { timestamp: { source: 't', format: 'UnixNs', action_on_failure: 'skip' } }],
      ['{"t":"100"}', '{"t":"soon"}'],
      ['100 |{"t":"100"}', '5 |{"t":"soon"}'],
    ],
  ]
  test.each(cases)('%s', (_, stages, lines, expected) => {
    expect(run(stages, lines)).toEqual(expected)
  })
})

test('a joined line is cut at the limit of the pipeline', () => {
  const lines = [`${T} stdout P abc`, `${T} stdout P def`, `${T} stdout F ghi`]
  expect(run([{ cri: {} }], lines, { maxLineBytes: 4 })).toEqual(['T stream=stdout|abcd'])
})

test('held counts the lines that went in and did not come out', () => {
  const pipeline = pipelineOf([{ cri: {} }, { static_labels: { a: 'x' } }])
  const steps = [`${T} stdout P a`, `${T} stdout P b`, `${T} stderr F c`, `${T} stdout F d`].map((line) => {
    pipeline.push(entry(line))
    return pipeline.held()
  })
  expect(steps).toEqual([1, 2, 2, 0])
})

test('a flush with a time lets parts of a line wait, one without does not', () => {
  const pipeline = pipelineOf([{ cri: {} }, { static_labels: { a: 'x' } }])
  expect(pipeline.push(entry(`${T} stdout P a`))).toEqual([])
  expect(pipeline.flush(READ_AT)).toEqual([])
  expect(shown(pipeline.flush())).toEqual(['T a=x,stream=stdout|a'])
  expect(pipeline.held()).toBe(0)
})

test('pipelines of the same stages share no state', () => {
  const configs = parseStages([{ cri: {} }], 'stages')
  const [one, two] = [createPipeline(configs, { now: () => 0n }), createPipeline(configs, { now: () => 0n })]
  one.push(entry(`${T} stdout P a`))
  expect(shown(two.push(entry(`${T} stdout F b`)))).toEqual(['T stream=stdout|b'])
})

import { describe, expect, test } from 'vitest'

import type { PipelineEntry } from '../entry.ts'
import { createLabelSet } from '../label-set.ts'
import { countDropped, entryOf, pipelineOf } from '../run-stages.test-kit.ts'

/** What a stage extracted, as text, and its entry; undefined when it was dropped. */
function extract(stages: readonly unknown[], line: string): { readonly values: object; readonly entry: PipelineEntry | undefined } {
  const [entry] = pipelineOf(stages).push(entryOf(line))
  return { values: Object.fromEntries(entry?.extracted.values() ?? []), entry }
}

const ACCESS = '11.11.11.11 - frank [25/Jan/2000:14:00:01 -0500] "GET /1986.js HTTP/1.1" 200 932'

describe('regex', () => {
  const cases: readonly [name: string, options: object, line: string, values: object][] = [
    [
      'named groups',
      { expression: String.raw`^(?P<ip>\S+) \S+ (?<user>\S+) .* (?P<status>\d{3}) (\d+)$` },
      ACCESS,
      { ip: '11.11.11.11', user: 'frank', status: '200' },
    ],
    ['the leftmost match', { expression: '(?P<n>[0-9]+)' }, 'a 1 b 22', { n: '1' }],
    ['a group that took no part is empty', { expression: '(?P<a>a)|(?P<b>b)' }, 'b', { a: '', b: 'b' }],
    ['no match', { expression: '^(?P<a>x)' }, 'yx', {}],
    ['a source', { expression: '(?P<first>.)', source: 'job' }, 'line', { first: 'j' }],
    ['a source that is not there', { expression: '(?P<a>.)', source: 'none' }, 'line', {}],
    ['names of a kind of their own', { expression: '(?P<__proto__>.)' }, 'x', { ['__proto__']: 'x' }],
  ]
  test.each(cases)('%s', (_, options, line, values) => {
    expect(Object.entries(extract([{ regex: options }], line).values)).toEqual(Object.entries(values))
  })

  test('labels_from_groups', () => {
    const { entry } = extract([{ regex: { expression: '(?P<level>[A-Z]+):(?P<rest>.*)', labels_from_groups: true } }], 'WARN:')
    expect(entry?.labels.labels).toEqual([
      ['job', 'j'],
      ['level', 'WARN'],
    ])
  })

  test('a line made to stall a backtracking engine does not', () => {
    const hostile = `${'a'.repeat(20_000)}!`
    expect(extract([{ regex: { expression: '^(?P<x>(a+)+)$' } }], hostile).values).toEqual({})
  })
})

describe('pattern', () => {
  const cases: readonly [pattern: string, line: string, values: object][] = [
    [
      '<ip> - <_> [<ts>] "<method> <path> <_>" <status> <size>',
      ACCESS,
      { ip: '11.11.11.11', ts: '25/Jan/2000:14:00:01 -0500', method: 'GET', path: '/1986.js', status: '200', size: '932' },
    ],
    ['level=<level> ', 'level=info msg=x', { level: 'info' }],
    ['<a>,<b>', '1,2', { a: '1', b: '2' }],
    ['<a>,<b>', '1', { a: '1' }],
    ['<_> <a>;<b>', 'x 1', { a: '1' }],
    ['x<a>', 'y1', {}],
    ['<a>', '', {}],
    ['<a> < b', '1 < b', { a: '1' }],
    ['<a>|', 'left|right', { a: 'left' }],
    ['<1> <a>', '<1> x', { a: 'x' }],
  ]
  test.each(cases)('%j on %j', (pattern, line, values) => {
    expect(extract([{ pattern: { pattern } }], line).values).toEqual(values)
  })

  test('source and labels_from_groups', () => {
    const stages = [{ static_labels: { a: 'x' } }, { pattern: { pattern: '<first>/<second>', source: 's', labels_from_groups: true } }]
    const entry = entryOf('line', createLabelSet([['s', '1/2']]))
    const [out] = pipelineOf(stages).push(entry)
    expect(out?.labels.labels).toEqual([
      ['a', 'x'],
      ['first', '1'],
      ['s', '1/2'],
      ['second', '2'],
    ])
  })
})

describe('logfmt', () => {
  const cases: readonly [name: string, mapping: object, line: string, values: object][] = [
    ['keys by their name', { level: '', msg: null }, 'level=warn msg="a b" x=1', { level: 'warn', msg: 'a b' }],
    ['keys by another name', { l: 'level', again: 'level' }, 'level=warn', { l: 'warn', again: 'warn' }],
    ['the last of two', { a: '' }, 'a=1 a=2', { a: '2' }],
    ['what stands before a mistake', { a: '', b: '' }, 'a=1 "x" b=2', { a: '1' }],
    ['no pair at all', { a: '' }, 'hello world', {}],
  ]
  test.each(cases)('%s', (_, mapping, line, values) => {
    expect(extract([{ logfmt: { mapping } }], line).values).toEqual(values)
  })
})

const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

describe('json', () => {
  const json = (expressions: object, more: object = {}): object => ({ json: { expressions, ...more } })
  const cases: readonly [name: string, stage: object, line: string, values: object][] = [
    [
      'expressions',
      json({ n: 'people[?age > `20`].name | [0]', c: 'length(people)' }),
      '{"people":[{"name":"a","age":20},{"name":"b","age":21}]}',
      { n: 'b', c: 2 },
    ],
    ['a name that is no expression', json({ 'request-id': '' }), '{"request-id":"x"}', { 'request-id': 'x' }],
    ['what is not there hides a label', json({ job: '' }), '{}', { job: undefined }],
    ['an expression that fails leaves the name', json({ job: 'sum(a)' }), '{"a":["x"]}', {}],
    ['a list is no object', json({ a: '' }), '[{"a":1}]', {}],
    ['a text is no object', json({ a: '' }), '"a"', {}],
    ['values nested too deep to be compared', json({ r: 'a == b' }), `{"a":${DEEP},"b":${DEEP}}`, {}],
    ['cut off', json({ a: '' }), '{"a":1', {}],
    ['a large number has no exponent', json({ a: 'to_string(a)' }), '{"a":5}', { a: '5' }],
  ]
  test.each(cases)('%s', (_, stage, line, values) => {
    expect(extract([stage], line).values).toEqual(values)
  })

  test.each([
    ['1e21', '1000000000000000000000'],
    ['1.5e22', '15000000000000000000000'],
    ['-2.5e-7', '-0.00000025'],
    ['0.1', '0.1'],
    ['1700000000.123', '1700000000.123'],
  ])('%s reads as %s', (number, text) => {
    expect(extract([json({ a: '' }), { output: { source: 'a' } }], `{"a":${number}}`).entry?.line).toBe(text)
  })

  test('a line nested deeper than any stack passes', () => {
    const line = `{"a":${DEEP}}`
    expect(extract([json({ a: '', b: 'a[]', c: 'to_string(@)' })], line).entry?.line).toBe(line)
  })

  test('drop_malformed is counted', () => {
    const { dropped, counts } = countDropped()
    expect(pipelineOf([json({ a: '' }, { drop_malformed: true })], { dropped }).push(entryOf('no JSON'))).toEqual([])
    expect([...counts]).toEqual([['json_malformed', 1]])
  })
})

import { describe, expect, test } from 'vitest'

import { compileRelabel } from './compile.ts'
import { parseRelabelConfigs } from './parse.ts'

const dropped = 'dropped'

function relabel(labels: Readonly<Record<string, string>>, rules: readonly object[]): Readonly<Record<string, string>> | typeof dropped {
  const map = new Map(Object.entries(labels))
  return compileRelabel(parseRelabelConfigs(rules, 'rules'))(map) ? Object.fromEntries(map) : dropped
}

type Case = {
  name: string
  labels: Readonly<Record<string, string>>
  rules: readonly object[]
  expected: Readonly<Record<string, string>> | typeof dropped
}

const replace: readonly Case[] = [
  {
    name: 'takes the value over by default',
    labels: { a: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'b' }],
    expected: { a: 'x', b: 'x' },
  },
  {
    name: 'joins values with the separator',
    labels: { a: 'x', b: 'y' },
    rules: [{ source_labels: ['a', 'b'], separator: '/', target_label: 'c' }],
    expected: { a: 'x', b: 'y', c: 'x/y' },
  },
  {
    name: 'a missing source is empty, the separator stays',
    labels: { a: 'x' },
    rules: [{ source_labels: ['no', 'a', 'no'], target_label: 'c' }],
    expected: { a: 'x', c: ';x;' },
  },
  {
    name: 'no source, constant replacement',
    labels: {},
    rules: [{ target_label: 'cluster', replacement: 'c1' }],
    expected: { cluster: 'c1' },
  },
  {
    name: 'no match leaves everything',
    labels: { a: 'x' },
    rules: [{ source_labels: ['a'], regex: 'y', target_label: 'b', replacement: 'z' }],
    expected: { a: 'x' },
  },
  {
    name: 'the regex is anchored at both ends',
    labels: { a: 'foobar' },
    rules: [{ source_labels: ['a'], regex: 'o+', target_label: 'b', replacement: 'z' }],
    expected: { a: 'foobar' },
  },
  {
    name: 'the dot matches a line feed',
    labels: { a: 'x\ny' },
    rules: [{ source_labels: ['a'], regex: 'x.y', target_label: 'b', replacement: 'z' }],
    expected: { a: 'x\ny', b: 'z' },
  },
  {
    name: 'numbered, braced and named groups',
    labels: { a: 'x-y' },
    rules: [{ source_labels: ['a'], regex: '(.)-(?P<second>.)', target_label: 'b', replacement: '${2}$1$second$$' }],
    expected: { a: 'x-y', b: 'yxy$' },
  },
  {
    name: 'an empty result removes the label',
    labels: { a: 'x', b: 'y' },
    rules: [{ source_labels: ['a'], regex: 'x(y)?', target_label: 'b', replacement: '$1' }],
    expected: { a: 'x' },
  },
  {
    name: 'an empty replacement removes the label',
    labels: { a: 'x', b: 'y' },
    rules: [{ target_label: 'b', replacement: '' }],
    expected: { a: 'x' },
  },
  {
    name: 'groups in the target label',
    labels: { a: 'x-y' },
    rules: [{ source_labels: ['a'], regex: '(.)-(.)', target_label: 'label_$1', replacement: '$2' }],
    expected: { a: 'x-y', label_x: 'y' },
  },
  {
    name: 'a target that comes out empty is ignored',
    labels: { a: 'x' },
    rules: [{ source_labels: ['a'], target_label: '$2', replacement: 'v' }],
    expected: { a: 'x' },
  },
  {
    name: 'UTF-8 target names',
    labels: { a: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'größe.in/m' }],
    expected: { a: 'x', 'größe.in/m': 'x' },
  },
  {
    name: 'a target that becomes a name with a dot',
    labels: { a: 'x.y' },
    rules: [{ source_labels: ['a'], target_label: '${1}' }],
    expected: { a: 'x.y', 'x.y': 'x.y' },
  },
  {
    name: 'rules see what earlier rules did',
    labels: { a: 'x' },
    rules: [
      { source_labels: ['a'], target_label: 'b' },
      { source_labels: ['b'], target_label: 'c', replacement: '$1$1' },
    ],
    expected: { a: 'x', b: 'x', c: 'xx' },
  },
  {
    name: 'a label called __proto__',
    labels: Object.fromEntries([['__proto__', 'x']]),
    rules: [{ source_labels: ['__proto__'], target_label: 'b' }],
    expected: Object.fromEntries([
      ['__proto__', 'x'],
      ['b', 'x'],
    ]),
  },
  {
    name: 'scalars of YAML that are no strings',
    labels: { a: 'true' },
    rules: [{ source_labels: ['a'], regex: true, target_label: 'port', replacement: 9100 }],
    expected: { a: 'true', port: '9100' },
  },
]

const keepAndDrop: readonly Case[] = [
  { name: 'keep: match', labels: { a: 'x' }, rules: [{ source_labels: ['a'], regex: 'x|y', action: 'keep' }], expected: { a: 'x' } },
  { name: 'keep: no match', labels: { a: 'z' }, rules: [{ source_labels: ['a'], regex: 'x|y', action: 'keep' }], expected: dropped },
  { name: 'keep: missing label', labels: {}, rules: [{ source_labels: ['a'], regex: '.+', action: 'keep' }], expected: dropped },
  { name: 'drop: match', labels: { a: 'xy' }, rules: [{ source_labels: ['a'], regex: 'x.*', action: 'drop' }], expected: dropped },
  { name: 'drop: no match', labels: { a: 'yx' }, rules: [{ source_labels: ['a'], regex: 'x.*', action: 'drop' }], expected: { a: 'yx' } },
  { name: 'any letter case', labels: { a: 'x' }, rules: [{ source_labels: ['a'], regex: 'x', action: 'DrOp' }], expected: dropped },
  { name: 'drop with defaults drops all', labels: { a: 'x' }, rules: [{ action: 'drop' }], expected: dropped },
  {
    name: 'nothing runs after a drop',
    labels: { a: 'x' },
    rules: [{ action: 'drop' }, { target_label: 'b', replacement: 'y' }],
    expected: dropped,
  },
  {
    name: 'keepequal: equal',
    labels: { a: 'x', b: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'keepequal' }],
    expected: { a: 'x', b: 'x' },
  },
  {
    name: 'keepequal: different',
    labels: { a: 'x', b: 'y' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'keepequal' }],
    expected: dropped,
  },
  {
    name: 'keepequal: both missing are equal',
    labels: { c: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'keepequal' }],
    expected: { c: 'x' },
  },
  {
    name: 'dropequal: equal',
    labels: { a: 'x', b: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'dropequal' }],
    expected: dropped,
  },
  {
    name: 'dropequal: different',
    labels: { a: 'x', b: 'y' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'dropequal' }],
    expected: { a: 'x', b: 'y' },
  },
  {
    name: 'dropequal: several sources are joined',
    labels: { a: 'x', c: 'y', b: 'x;y' },
    rules: [{ source_labels: ['a', 'c'], target_label: 'b', action: 'dropequal' }],
    expected: dropped,
  },
]

const others: readonly Case[] = [
  {
    // printf baz | md5sum: the last 16 hex digits modulo 1000.
    name: 'hashmod takes the last eight bytes of the MD5',
    labels: { c: 'baz' },
    rules: [{ source_labels: ['c'], target_label: 'd', modulus: 1000, action: 'hashmod' }],
    expected: { c: 'baz', d: '976' },
  },
  {
    name: 'hashmod of a line feed',
    labels: { a: 'foo\nbar' },
    rules: [{ source_labels: ['a'], target_label: 'b', modulus: 1000, action: 'hashmod' }],
    expected: { a: 'foo\nbar', b: '734' },
  },
  {
    name: 'labelmap renames by group',
    labels: { __meta_label_app: 'web', __meta_label_tier: 'front', job: 'j' },
    rules: [{ regex: '__meta_label_(.+)', action: 'labelmap' }],
    expected: { __meta_label_app: 'web', __meta_label_tier: 'front', job: 'j', app: 'web', tier: 'front' },
  },
  {
    name: 'labelmap onto one name: the last in order of names wins',
    labels: { my_bar: 'two', my_baz: 'three', my_: 'one' },
    rules: [{ regex: 'my_(bar|baz|)', replacement: 'x', action: 'labelmap' }],
    expected: { my_bar: 'two', my_baz: 'three', my_: 'one', x: 'three' },
  },
  {
    name: 'labelmap to an empty name sets nothing',
    labels: { my_: 'one' },
    rules: [{ regex: 'my_(.*)', action: 'labelmap' }],
    expected: { my_: 'one' },
  },
  {
    name: 'labelmap does not map what it just made',
    labels: { a: 'x' },
    rules: [{ regex: '(a+)', replacement: '${1}a', action: 'labelmap' }],
    expected: { a: 'x', aa: 'x' },
  },
  { name: 'labeldrop', labels: { a: 'x', ab: 'y', b: 'z' }, rules: [{ regex: 'a.*', action: 'labeldrop' }], expected: { b: 'z' } },
  {
    name: 'labelkeep',
    labels: { a: 'x', ab: 'y', b: 'z' },
    rules: [{ regex: 'a.*', action: 'labelkeep' }],
    expected: { a: 'x', ab: 'y' },
  },
  {
    name: 'lowercase and uppercase',
    labels: { a: 'bAr123Foo' },
    rules: [
      { source_labels: ['a'], target_label: 'low', action: 'lowercase' },
      { source_labels: ['a'], target_label: 'up', action: 'uppercase' },
    ],
    expected: { a: 'bAr123Foo', low: 'bar123foo', up: 'BAR123FOO' },
  },
  {
    name: 'letter case goes by code point',
    labels: { a: 'ΑΣ İß' },
    rules: [
      { source_labels: ['a'], target_label: 'low', action: 'lowercase' },
      { source_labels: ['a'], target_label: 'up', action: 'Uppercase' },
    ],
    expected: { a: 'ΑΣ İß', low: 'ασ iß', up: 'ΑΣ İß' },
  },
  {
    name: 'uppercase of nothing removes the target',
    labels: { b: 'x' },
    rules: [{ source_labels: ['a'], target_label: 'b', action: 'uppercase' }],
    expected: {},
  },
]

describe.each([
  ['replace', replace],
  ['keep and drop', keepAndDrop],
  ['the other actions', others],
] as const)('%s', (_, cases) => {
  test.each(cases)('$name', ({ labels, rules, expected }) => {
    expect(relabel(labels, rules)).toEqual(expected)
  })
})

test('no rules keep everything', () => {
  expect(relabel({ a: 'x' }, [])).toEqual({ a: 'x' })
})

test('with legacy names replace makes no label of another name', () => {
  const rules = parseRelabelConfigs([{ source_labels: ['a'], target_label: '${1}', replacement: 'v' }], 'rules')
  const results = ['x', 'x.y', ''].map((value) => {
    const labels = new Map([['a', value]])
    compileRelabel(rules.map((rule) => ({ ...rule, legacyNames: true })))(labels)
    return [...labels.keys()].join()
  })
  expect(results).toEqual(['a,x', 'a', 'a'])
})

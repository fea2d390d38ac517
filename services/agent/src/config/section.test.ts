import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { openYaml, type Section } from './section.ts'

/** What `read` gives for the text, and the mistakes that were collected. */
function reading<T>(text: string, read: (root: Section) => T): { readonly value: T; readonly mistakes: readonly string[] } {
  const mistakes: string[] = []
  return { value: read(openYaml(text, 'f.yml', mistakes)), mistakes }
}

describe('reads', () => {
  test.each<[name: string, text: string, read: (root: Section) => unknown, expected: unknown]>([
    ['text', 'k: v', (root) => root.string('k', 'd'), 'v'],
    ['quoted text', 'k: "a: b"', (root) => root.string('k', 'd'), 'a: b'],
    ['a number as the text that was written', 'k: 007', (root) => root.string('k', 'd'), '007'],
    ['a boolean as text', 'k: true', (root) => root.string('k', 'd'), 'true'],
    ['the fallback of an absent key', 'other: 1', (root) => root.string('k', 'd'), 'd'],
    ['the fallback of a null', 'k:', (root) => root.string('k', 'd'), 'd'],
    ['the fallback in an empty file', '', (root) => root.string('k', 'd'), 'd'],
    ['the fallback in a file of comments', '# nothing\n', (root) => root.string('k', 'd'), 'd'],
    ['true', 'k: true', (root) => root.bool('k', false), true],
    ['false', 'k: false', (root) => root.bool('k', true), false],
    ['a whole number', 'k: 12', (root) => root.int('k', 1), 12],
    ['zero', 'k: 0', (root) => root.int('k', 1), 0],
    ['a scalar by another parser', 'k: 1.5', (root) => root.scalar('k', 1, 'a number', Number), 1.5],
    ...['yes', 'On', 'TRUE', 'y'].map((word): [string, string, (root: Section) => unknown, unknown] => [
      `${word}, as YAML 1.1 has it`,
      `k: ${word}`,
      (root) => root.bool('k', false),
      true,
    ]),
    ...['no', 'Off', 'FALSE', 'n'].map((word): [string, string, (root: Section) => unknown, unknown] => [
      `${word}, as YAML 1.1 has it`,
      `k: ${word}`,
      (root) => root.bool('k', true),
      false,
    ]),
    ['a list of texts', 'k: [a, 007]', (root) => root.list('k'), ['a', '007']],
    ['no list where there is none', 'a: 1', (root) => root.list('k'), undefined],
    [
      'every scalar below, with its place',
      'a: 1\nk: &k {b: [x, {c: y}], d: }\nl: {<<: *k}',
      (root) => root.scalars().map(({ key, where, text }) => [key, where, text]),
      [
        ['a', 'f.yml:1: a', '1'],
        ['b', 'f.yml:2: k.b[0]', 'x'],
        ['c', 'f.yml:2: k.b[1].c', 'y'],
        ['b', 'f.yml:2: l.b[0]', 'x'],
        ['c', 'f.yml:2: l.b[1].c', 'y'],
      ],
    ],
    ['a duration in milliseconds', 'k: 1m30s', (root) => root.duration('k', 1), 90_000],
    ['one of a list', 'k: b', (root) => root.oneOf('k', ['a', 'b'], 'a'), 'b'],
    [
      'a map of texts, in order, scalars as they were written',
      'k: {b: 1e3, a: "x", n: null, t: true}',
      (root) => root.texts('k'),
      [
        ['b', '1e3'],
        ['a', 'x'],
        ['n', ''],
        ['t', 'true'],
      ],
    ],
    ['__proto__ as a name like others', 'k: {__proto__: x}', (root) => root.texts('k'), [['__proto__', 'x']]],
    [
      'a map of lists of texts, nothing is an empty one',
      'k: {a: [x, 1], b: }',
      (root) => root.textLists('k'),
      [
        ['a', ['x', '1']],
        ['b', []],
      ],
    ],
    ['a section', 'k: {a: v}', (root) => root.section('k')?.string('a', 'd'), 'v'],
    ['no section where there is none', 'other: 1', (root) => root.section('k'), undefined],
    ['a list of sections', 'k: [{a: x}, {a: y}]', (root) => root.sections('k').map((one) => one.string('a', 'd')), ['x', 'y']],
    ['no sections where there is no list', 'k: null', (root) => root.sections('k'), []],
    ['a value for another parser', 'k: [1, {a: b}]', (root) => root.parsed('k', (value) => value, undefined), [1, { a: 'b' }]],
    ['the keys in order', 'b: 1\na: 2', (root) => root.keys(), ['b', 'a']],
    ['a section by an alias', 'x: &x {a: v}\nk: *x', (root) => root.section('k')?.string('a', 'd'), 'v'],
    ['a scalar by an alias', 'x: &x 10s\nk: *x', (root) => root.duration('k', 1), 10_000],
    ['an item by an alias', 'x: &x {a: v}\nk: [*x]', (root) => root.sections('k').map((one) => one.string('a', 'd')), ['v']],
    ['a text of a map by an alias', 'x: &x v\nk: {a: *x}', (root) => root.texts('k'), [['a', 'v']]],
    ['a list of texts by an alias', 'x: &x [v]\nk: {a: *x}', (root) => root.textLists('k'), [['a', ['v']]]],
    [
      'what << merges in, its own before it',
      'x: &x {a: theirs, b: theirs}\nk: {<<: *x, a: own}',
      (root) => [root.section('k')?.string('a', 'd'), root.section('k')?.string('b', 'd')],
      ['own', 'theirs'],
    ],
    [
      'what << merges in of several, the first before the others',
      'x: &x {a: first}\ny: &y {a: second, b: second}\nk: {<<: [*x, *y]}',
      (root) => [root.section('k')?.string('a', 'd'), root.section('k')?.string('b', 'd')],
      ['first', 'second'],
    ],
    ['what << merges into a map of texts', 'x: &x {a: v}\nk: {<<: *x}', (root) => root.texts('k'), [['a', 'v']]],
    [
      'what << merges in for another parser',
      'x: &x {a: v}\nk: {<<: *x}',
      (root) => root.parsed('k', (value) => value, undefined),
      { a: 'v' },
    ],
  ])('%s', (_name, text, read, expected) => {
    expect(reading(text, read)).toEqual({ value: expected, mistakes: [] })
  })
})

describe('a mistake names file, line, key, what was found and what was expected; the fallback goes on', () => {
  test.each<[name: string, text: string, read: (root: Section) => unknown, fallback: unknown, mistake: string]>([
    ['a list as text', '\nk: [a]', (root) => root.string('k', 'd'), 'd', 'f.yml:2: k: found a list, expected text'],
    ['text as a boolean', 'k: "true"', (root) => root.bool('k', false), false, 'f.yml:1: k: found "true", expected true or false'],
    ['another word as a boolean', 'k: yep', (root) => root.bool('k', false), false, 'f.yml:1: k: found "yep", expected true or false'],
    ['a map as a boolean', 'k: {}', (root) => root.bool('k', false), false, 'f.yml:1: k: found a map, expected true or false'],
    ['text as a number', 'k: ten', (root) => root.int('k', 1), 1, 'f.yml:1: k: found "ten", expected a whole number of at least 0'],
    [
      'text as a list of texts',
      'k:\n  a: b',
      (root) => root.textLists('k'),
      [['a', []]],
      'f.yml:2: k.a: found text, expected a list of texts',
    ],
    ...(
      [
        ['010', '8 or 10'],
        ['08', '8'],
        ['0000', '0'],
        ['-012', '10 or 12'],
      ] as const
    ).map(([text, way]): [string, string, (root: Section) => unknown, unknown, string] => [
      `the leading zero of ${text}`,
      `k: ${text}`,
      (root) => root.int('k', 1),
      1,
      `f.yml:1: k: found "${text}", YAML reads a leading zero in two ways: write ${way}`,
    ]),
    ['a fraction', 'k: 1.5', (root) => root.int('k', 1), 1, 'f.yml:1: k: found "1.5", expected a whole number of at least 0'],
    ['a negative number', 'k: -1', (root) => root.int('k', 1), 1, 'f.yml:1: k: found "-1", expected a whole number of at least 0'],
    [
      'a number beyond what is exact',
      'k: 9007199254740993',
      (root) => root.int('k', 1),
      1,
      'f.yml:1: k: found "9007199254740993", expected a whole number of at least 0',
    ],
    ['a quoted boolean', 'k: "true"', (root) => root.bool('k', false), false, 'f.yml:1: k: found "true", expected true or false'],
    ['text as a list', 'k: v', (root) => root.list('k'), undefined, 'f.yml:1: k: found text, expected a list'],
    [
      'a map in a list of texts by itself',
      'k:\n  - a\n  - {a: b}',
      (root) => root.list('k'),
      ['a'],
      'f.yml:3: k[1]: found a map, expected text',
    ],
    ['a list as a scalar', 'k: [1]', (root) => root.scalar('k', 1, 'a number', Number), 1, 'f.yml:1: k: found a list, expected a number'],
    [
      'a duration without a unit',
      'a: 1\nb: 2\nk: 15',
      (root) => root.duration('k', 1),
      1,
      'f.yml:3: k: found "15", expected a duration such as 500ms, 10s or 1m30s',
    ],
    [
      'a duration of an unknown unit',
      'k: 15sec',
      (root) => root.duration('k', 1),
      1,
      'f.yml:1: k: found "15sec", expected a duration such as 500ms, 10s or 1m30s',
    ],
    ['another than the choices', 'k: c', (root) => root.oneOf('k', ['a', 'b'], 'a'), 'a', 'f.yml:1: k: found "c", expected one of a, b'],
    ['a list as a choice', 'k: [a]', (root) => root.oneOf('k', ['a', 'b'], 'a'), 'a', 'f.yml:1: k: found a list, expected one of a, b'],
    ['a list as a map of texts', 'k: [a]', (root) => root.texts('k'), [], 'f.yml:1: k: found a list, expected a map'],
    ['a map in a map of texts', 'k:\n  a: {b: c}', (root) => root.texts('k'), [], 'f.yml:2: k.a: found a map, expected text'],
    [
      'a map in a list of texts',
      'k:\n  a:\n    - {b: c}',
      (root) => root.textLists('k'),
      [['a', []]],
      'f.yml:3: k.a[0]: found a map, expected text',
    ],
    ['text as a section', 'k: v', (root) => root.section('k'), undefined, 'f.yml:1: k: found text, expected a map'],
    ['a map as a list of sections', 'k: {a: b}', (root) => root.sections('k'), [], 'f.yml:1: k: found a map, expected a list'],
    ['text in a list of sections', 'k:\n  - v', (root) => root.sections('k'), [], 'f.yml:2: k[0]: found text, expected a map'],
    ['nothing in a list of sections', 'k:\n  -', (root) => root.sections('k'), [], 'f.yml:2: k[0]: found nothing, expected a map'],
    [
      'a key of a section of a list',
      'k:\n  - a: 1\n  - b: 1\n    a: x',
      (root) => root.sections('k').map((one) => one.int('a', 0)),
      [1, 0],
      'f.yml:4: k[1].a: found "x", expected a whole number of at least 0',
    ],
    [
      'what another parser refuses',
      '\n\nk: [1]',
      (root) =>
        root.parsed(
          'k',
          (_value, where) => {
            throw new ConfigError(`${where}[0]: no`)
          },
          'd',
        ),
      'd',
      'f.yml:3: k[0]: no',
    ],
    ...(
      [
        ['an item', '[1]: no', 4],
        ['an item that is a map', '[2]: no', 5],
        ['a key of an item', '[2].b: no', 6],
        ['a key with dots below that', '[2].b.x.y: no', 7],
        ['an item of a list in an item', '[2].c[1]: no', 10],
        ['a key that is not there', '[2].d: no', 5],
        ['an item that is not there', '[9]: no', 2],
        ['an item by an alias', '[3].z: no', 1],
        ['the whole key', ': no', 2],
      ] as const
    ).map(([what, mistake, line]): [string, string, (root: Section) => unknown, unknown, string] => [
      `${what} that another parser refuses`,
      'a: &z {z: 1}\nk:\n  - 0\n  - 1\n  - a: 1\n    b:\n      x.y: 1\n    c:\n      - 1\n      - 2\n  - *z',
      (root) =>
        root.together(
          ['k', 'a'],
          (_fields, where) => {
            throw new ConfigError(`${where('k')}${mistake}`)
          },
          'd',
        ),
      'd',
      `f.yml:${line}: k${mistake}`,
    ]),
  ])('%s', (_name, text, read, fallback, mistake) => {
    expect(reading(text, read)).toEqual({ value: fallback, mistakes: [mistake] })
  })
})

describe('a text that is no YAML map is refused', () => {
  test.each([
    ['a list', '- a', 'f.yml:1: expected a map at the top level'],
    ['text', 'hello', 'f.yml:1: expected a map at the top level'],
    ['a key that comes twice', 'a: 1\nb: 2\na: 3', 'f.yml:3: the key "a" comes twice in this map'],
    ['a bracket that is not closed', 'a: 1\nb: [1, 2', 'f.yml:2: '],
    ['a tab as indentation', 'a:\n\tb: 1', 'f.yml:2: '],
    ['two documents', 'a: 1\n---\nb: 2', 'f.yml:2: expected one document, a second begins here'],
    ['an alias without its anchor', 'a: *x', 'f.yml:1: '],
    ['an alias inside its own anchor', 'a: &x {b: *x}', 'f.yml:1: '],
    ['aliases that grow without end', bomb(10), 'f.yml:1: aliases cannot be followed'],
  ])('%s', (_name, text, message) => {
    expect(() => openYaml(text, 'f.yml', [])).toThrow(ConfigError)
    expect(() => openYaml(text, 'f.yml', [])).toThrow(message)
  })
})

test('what nobody has read is a mistake, with a reason where there is one', () => {
  const { mistakes } = reading('a: 1\nb: 2\nc: 3\nd: 4\ne: 5', (root) => {
    root.string('a', '')
    root.accept('b')
    root.finish((key) => (key === 'c' ? 'comes later' : undefined))
  })
  expect(mistakes).toEqual(['f.yml:3: c: comes later', 'f.yml:4: d: unknown key', 'f.yml:5: e: unknown key'])
})

test('all mistakes are told, not only the first', () => {
  const { mistakes } = reading('a: x\nb: z\nc: [1]', (root) => [root.int('a', 0), root.bool('b', true), root.duration('c', 0)])
  expect(mistakes.map((mistake) => mistake.slice(0, 8))).toEqual(['f.yml:1:', 'f.yml:2:', 'f.yml:3:'])
})

test('what another parser breaks with is no mistake of the file', () => {
  const read = (root: Section): unknown =>
    root.parsed(
      'k',
      () => {
        throw new TypeError('a fault of the program')
      },
      0,
    )
  expect(() => reading('k: 1', read)).toThrow(TypeError)
})

test.each([
  ['the same text', 'a: 1\nb: [x]', true],
  ['other comments and spaces', '# c\na:   1\nb:\n  - x', true],
  ['another value', 'a: 2\nb: [x]', false],
  ['another item', 'a: 1\nb: [x, y]', false],
  ['one key more', 'a: 1\nb: [x]\nc: 1', false],
])('a fingerprint tells whether the configuration is the same: %s', (_name, text, same) => {
  const fingerprint = (one: string): string => openYaml(one, 'f.yml', []).fingerprint()
  expect(fingerprint(text) === fingerprint('a: 1\nb: [x]')).toBe(same)
})

/** Each line names the one before ten times. */
function bomb(depth: number): string {
  const lines = Array.from(
    { length: depth },
    (_, level) =>
      `a${level}: &a${level} [${
        level === 0
          ? 'x'
          : Array(10)
              .fill(`*a${level - 1}`)
              .join(', ')
      }]`,
  )
  return lines.join('\n')
}

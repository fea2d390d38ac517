import { describe, expect, test } from 'vitest'

import { differences, objectsOf } from './differences.ts'

const service = (rest: string): string => `apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: n }\n${rest}`

describe('objects', () => {
  test('are known by kind, namespace and name; documents without one do not count', () => {
    const text = ['', '# nothing\n', service(''), 'kind: Namespace\nmetadata: { name: n }\n'].join('---\n')
    expect([...objectsOf(text).keys()]).toEqual(['Service n a', 'Namespace n'])
  })

  test.each([
    ['one that stands twice', [service(''), service('')].join('---\n'), 'Service n a stands twice'],
    ['what is no YAML', service('spec: [}'), /flow/i],
    ['a key that stands twice', service('spec: {}\nspec: {}'), /unique/],
  ])('%s', (_, text, told) => {
    expect(() => objectsOf(text)).toThrow(told)
  })
})

describe('differences', () => {
  test.each<[what: string, expected: string, actual: string, told: readonly string[]]>([
    ['none', service('spec: { a: [1, { b: 2 }] }'), service('spec: { a: [1, { b: 2 }] }'), []],
    ['the order of keys', service('spec: { a: 1, b: 2 }'), service('spec: { b: 2, a: 1 }'), []],
    ['a value', service('spec: { port: 1 }'), service('spec: { port: 2 }'), ['Service n a.spec.port: 1 expected, not 2']],
    ['a type', service("spec: { port: '1' }"), service('spec: { port: 1 }'), ['Service n a.spec.port: "1" expected, not 1']],
    ['a key more', service('spec: {}'), service('spec: { a: 1 }'), ['Service n a.spec.a: undefined expected, not 1']],
    ['an item less', service('spec: { a: [1, 2] }'), service('spec: { a: [1] }'), ['Service n a.spec.a[1]: 2 expected, not undefined']],
    [
      'the order of arguments',
      service('args: [a, b]'),
      service('args: [b, a]'),
      ['Service n a.args[0]: "a" expected, not "b"', 'Service n a.args[1]: "b" expected, not "a"'],
    ],
    ['the order of names', service('env: [{ name: a }, { name: b }]'), service('env: [{ name: b }, { name: a }]'), []],
    [
      'a value by name',
      service('env: [{ name: a, value: x }]'),
      service('env: [{ name: a, value: y }]'),
      ['Service n a.env.a.value: "x" expected, not "y"'],
    ],
    ['objects', service(''), service('').replace('name: a', 'name: b'), ['Service n a: missing', 'Service n b: not expected']],
  ])('%s', (_, expected, actual, told) => {
    expect(differences(objectsOf(expected), objectsOf(actual))).toEqual(told)
  })

  test('what Helm alone knows is none, where it is added', () => {
    const [plain, kept] = ['labels: {}', 'labels: {}, annotations: { helm.sh/resource-policy: keep }'].map((more) =>
      objectsOf(`kind: Namespace\nmetadata: { name: n, ${more} }`),
    )
    if (plain === undefined || kept === undefined) throw new Error('two are made')
    expect(differences(plain, kept)).toEqual([])
    expect(differences(kept, plain)).toHaveLength(1)
  })
})

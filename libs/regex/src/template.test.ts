import { describe, expect, test } from 'vitest'

import { compileRegex } from './regex.ts'
import { expand, usesGroups } from './template.ts'

describe('expand', () => {
  const match = compileRegex('(?P<first>a)(b)(z)?(?P<last>c)').match('abc')
  const cases = [
    ['$1', 'a'],
    ['${1}', 'a'],
    ['$0', 'abc'],
    ['$1$2', 'ab'],
    ['$1-$2', 'a-b'],
    ['$first', 'a'],
    ['${first}!', 'a!'],
    ['$last', 'c'],
    ['$größe', ''],
    ['$1x', ''],
    ['${1}x', 'ax'],
    ['$3', ''],
    ['$9', ''],
    ['$01', ''],
    ['$123456789', ''],
    ['$$', '$'],
    ['$$1', '$1'],
    ['$$$1', '$a'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$-1', '$-1'],
    ['${1', '${1'],
    ['${}', '${}'],
    ['${a-b}$1', '${a-b}a'],
    ['', ''],
    ['plain', 'plain'],
    ['$__proto__', ''],
    ['/var/log/pods/*$1/*.log', '/var/log/pods/*a/*.log'],
  ] as const
  test.each(cases)('%j gives %j', (template, text) => {
    expect(match && expand(template, match)).toBe(text)
  })
})

test.each([
  ['$1', true],
  ['a${name}', true],
  ['$$1', false],
  ['a$', false],
  ['', false],
] as const)('usesGroups(%j) is %j', (template, expected) => {
  expect(usesGroups(template)).toBe(expected)
})

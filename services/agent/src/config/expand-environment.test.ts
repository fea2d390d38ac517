import { describe, expect, test } from 'vitest'

import { expandEnvironment } from './expand-environment.ts'

const ENV = { HOST: 'h1', EMPTY: '', TEXT: 'a ${HOST} $$ b', MANY: 'x\ny' }

function expand(text: string) {
  const mistakes: string[] = []
  const warnings: string[] = []
  return { expanded: expandEnvironment({ text, path: 'p.yml' }, ENV, { mistakes, warnings }), mistakes, warnings }
}

describe('puts in', () => {
  test.each<[text: string, expanded: string]>([
    ['', ''],
    ['no variables at $HOST or {HOST}', 'no variables at $HOST or {HOST}'],
    ['${HOST}', 'h1'],
    ['a${HOST}b${HOST}', 'ah1bh1'],
    ['${NONE:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY:=other}', 'other'],
    ['${NONE=other}', 'other'],
    ['${HOST:-other}', 'h1'],
    ['${NONE:-}', ''],
    ['${EMPTY}', ''],
    ['${NONE:-http://a:1/b?c=d-e}', 'http://a:1/b?c=d-e'],
    ['${TEXT}', 'a ${HOST} $$ b'],
    ['$${HOST}', '${HOST}'],
    ['$$1', '$1'],
    ['$1 ${1} ${12}', '$1 ${1} ${12}'],
    [String.raw`\\d \d \/ \n`, String.raw`\d \d / \n`],
    ['^foo$', '^foo$'],
    ['line\n${HOST}\nline', 'line\nh1\nline'],
  ])('%j → %j', (text, expanded) => {
    expect(expand(text)).toEqual({ expanded, mistakes: [], warnings: [] })
  })
})

test('a variable that is not there is empty, and told', () => {
  expect(expand('a: b\nc: "${NONE}"')).toEqual({
    expanded: 'a: b\nc: ""',
    mistakes: [],
    warnings: ['p.yml:2: the environment has no NONE: it is empty'],
  })
})

test('a variable that has to be there', () => {
  expect(expand('${HOST:?say which}').expanded).toBe('h1')
  expect(expand('a: b\n${EMPTY:?say which} ${NONE:?}').mistakes).toEqual([
    'p.yml:2: the environment has no EMPTY: say which',
    'p.yml:2: the environment has no NONE: ',
  ])
})

describe('what looks like a variable and is none is a mistake that does not repeat it', () => {
  test.each(['${}', '${HOST', '${HOST^^}', '${HOST:0:1}', '${HOST-x}', '${a b}', '${HOST\n}', '${#HOST}', '${pass/word}'])('%j', (text) => {
    const { mistakes } = expand(`a: b\n${text}`)
    expect(mistakes).toEqual(['p.yml:2: expected ${NAME} or ${NAME:-text} behind a dollar and a brace, or $$ for a dollar'])
  })
})

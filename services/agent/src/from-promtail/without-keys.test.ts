import { describe, expect, test } from 'vitest'

import { withoutKeys } from './without-keys.ts'

const without = (text: string): string => withoutKeys({ path: 'p.yml', text }, ['clients', 'server'])

describe('the rest stays to the letter', () => {
  test.each<[what: string, text: string, left: string]>([
    ['nothing goes', 'a: 1 # one\n', 'a: 1 # one\n'],
    ['the first', 'clients:\n  - url: http://l\n    b: [1,\n      2]\na:   1\n', 'a:   1\n'],
    ['the last, without a newline', 'a: 1\nserver: { b: 1 }', 'a: 1\n'],
    ['the last, over several lines', 'a: 1\nclients:\n- url: u\n- url: v', 'a: 1\n'],
    ['one in the middle, and the comment beside it', 'a: 1\nserver: {} # ours\nb: 2\n', 'a: 1\nb: 2\n'],
    ['comments of others stay', '# A\na: 1\n\nserver:\n  p: 1\n\n# B\nb: 2\n', '# A\na: 1\n\n\n# B\nb: 2\n'],
    ['both', '---\nserver:\nclients: []\na: 1\n', '---\na: 1\n'],
    ['keys of the name further down', 'a: { server: 1 }\nb:\n  clients: 2\n', 'a: { server: 1 }\nb:\n  clients: 2\n'],
    ['a text of several lines', 'clients: |\n  a\n  b\na: 1\n', 'a: 1\n'],
    ['lines that end as on Windows', 'server:\r\n  p: 1\r\na: 1\r\n', 'a: 1\r\n'],
    ['all of it', 'clients: []\n', ''],
    ['no map', '- clients\n', '- clients\n'],
  ])('%s', (_, text, left) => {
    expect(without(text)).toBe(left)
  })
})

test('a file that is one map in braces is written anew', () => {
  expect(without('{clients: [1], a: "x", server: {}}\n')).toBe('{ a: "x" }\n')
})

test('what is left may not name what went away', () => {
  expect(() => without('clients: &c [1]\na: *c\n')).toThrow('p.yml:1: an alias without an anchor before it')
})

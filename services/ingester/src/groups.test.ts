import { expect, test } from 'vitest'

import { groupOf, storageOfGroup } from './groups.ts'

// An iterator, as the command gives it, which can be read once only.
const topics = new Map([
  ['metrics', 'clymene'],
  ['logs', 'clymene-logs'],
])
const storageOf = storageOfGroup('clymene', topics.values())

test.each([
  { group: groupOf('clymene', 'prometheus', 'clymene'), expected: 'prometheus' },
  { group: groupOf('clymene', 'loki', 'clymene-logs'), expected: 'loki' },
  { group: 'clymene', expected: '' },
  { group: 'clymene-clymene', expected: '' },
  { group: 'another-loki-clymene-logs', expected: '' },
  { group: 'clymene-loki-others', expected: '' },
])('$group feeds "$expected"', ({ group, expected }) => {
  expect(storageOf(group)).toBe(expected)
})

import { expect, test } from 'vitest'

import { createLabelSet } from './label-set.ts'

test('labels are sorted, and empty ones left out', () => {
  const set = createLabelSet([
    ['b', '1'],
    ['a', '2'],
    ['c', ''],
    ['__proto__', 'x'],
  ])
  expect(set.labels).toEqual([
    ['__proto__', 'x'],
    ['a', '2'],
    ['b', '1'],
  ])
  expect(set.get('a')).toBe('2')
  expect(set.get('c')).toBe('')
  expect(set.get('toString')).toBe('')
})

test('the same step gives the same set, a step to what is there gives itself', () => {
  const set = createLabelSet([['a', '1']])
  const stdout = set.with('stream', 'stdout')
  expect(set.with('stream', 'stdout')).toBe(stdout)
  expect(set.with('stream', 'stderr')).not.toBe(stdout)
  expect(set.with('a', '1')).toBe(set)
  expect(set.with('none', '')).toBe(set)
  expect(stdout.with('a', '').labels).toEqual([['stream', 'stdout']])
  expect(stdout.with('a', '2').labels).toEqual([
    ['a', '2'],
    ['stream', 'stdout'],
  ])
  expect(set.labels).toEqual([['a', '1']])
})

test('a label of very many values does not fill the memory', () => {
  const set = createLabelSet([['a', '1']])
  const first = set.with('id', '0')
  for (let id = 1; id < 2000; id++) expect(set.with('id', String(id)).get('id')).toBe(String(id))
  expect(set.with('id', '0')).not.toBe(first)
  expect(set.with('id', '0').labels).toEqual(first.labels)
})

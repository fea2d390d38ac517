import { expect, test } from 'vitest'

import { createNumbering } from './numbering.ts'

test('numbers rise by one per key', () => {
  const number = createNumbering(() => 1000)
  expect([number('a'), number('a'), number('b'), number('a')].map(({ sequence }) => sequence)).toEqual([1, 2, 1, 3])
})

test('a key that was forgotten begins a later epoch, those in use go on', () => {
  const number = createNumbering(() => 1000, 2)
  const first = number('a')
  number('b')
  number('a')
  number('c') // forgets b, which was silent longest
  expect(number('a')).toMatchObject({ epoch: first.epoch, sequence: 3 })
  const again = number('b')
  expect(again.sequence).toBe(1)
  expect(again.epoch).toBeGreaterThan(first.epoch ?? 0)
})

test('two numberings are two senders', () => {
  expect(createNumbering()('a').agent).not.toBe(createNumbering()('a').agent)
})

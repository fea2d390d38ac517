import { expect, test } from 'vitest'

import { createUses } from './uses.ts'

test('who uses something is known until it uses other things', () => {
  const uses = createUses()
  uses.set('a', ['pod p', 'service s'])
  uses.set('b', ['pod p'])
  expect([...uses.usersOf('pod p')]).toEqual(['a', 'b'])
  expect([...uses.usersOf('service s')]).toEqual(['a'])
  uses.set('a', ['service s', 'service t'])
  expect([...uses.usersOf('pod p')]).toEqual(['b'])
  expect([...uses.usersOf('service t')]).toEqual(['a'])
  expect([...uses.usersOf('other')]).toEqual([])
})

test('objects that come and go leave nothing behind', () => {
  const uses = createUses()
  for (let index = 0; index < 10; index++) {
    uses.set(`e${index}`, [`pod ${index}`, 'service s'])
    expect(uses.sizes()).toEqual([2, 1])
    uses.set(`e${index}`, [])
    expect(uses.sizes()).toEqual([0, 0])
  }
})

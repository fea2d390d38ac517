import { expect, test } from 'vitest'

import { createReadiness } from './readiness.ts'

test('is ready since the last reason went, not since somebody asked', () => {
  let now = 1000
  const readiness = createReadiness(() => now)
  readiness.set('start', undefined)
  now = 5000
  expect(readiness.upSinceMs()).toBe(1000)
})

test('tells the time of each change', () => {
  let now = 1000
  const readiness = createReadiness(() => now)
  expect(readiness.upSinceMs()).toBeUndefined()
  readiness.set('start', undefined)
  expect(readiness.upSinceMs()).toBe(1000)
  now = 2000
  expect(readiness.upSinceMs()).toBe(1000)
  readiness.set('bus', 'away')
  expect(readiness.upSinceMs()).toBeUndefined()
  readiness.set('bus', undefined)
  expect(readiness.upSinceMs()).toBe(2000)
})

import { expect, test } from 'vitest'

import { createReadiness } from './readiness.ts'

test('is ready since the last reason went', () => {
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

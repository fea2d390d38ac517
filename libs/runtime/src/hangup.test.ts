import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { onHangup } from './hangup.ts'

test('each SIGHUP is told until nobody listens', () => {
  const target = new EventEmitter()
  let count = 0
  const end = onHangup(() => void count++, target)
  target.emit('SIGHUP')
  target.emit('SIGHUP')
  end()
  target.emit('SIGHUP')
  expect(count).toBe(2)
  expect(target.listenerCount('SIGHUP')).toBe(0)
})

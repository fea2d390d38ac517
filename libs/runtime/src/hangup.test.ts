import { EventEmitter } from 'node:events'

import { expect, test } from 'vitest'

import { holdHangups, onHangup } from './hangup.ts'

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

test('one that came before anybody listens is told to the first that does, once', async () => {
  const target = new EventEmitter()
  holdHangups(target)
  holdHangups(target)
  target.emit('SIGHUP')
  target.emit('SIGHUP')
  let count = 0
  const listen = () => onHangup(() => void count++, target)
  const end = listen()
  await Promise.resolve()
  expect(count).toBe(1)
  target.emit('SIGHUP')
  end()
  expect(target.listenerCount('SIGHUP')).toBe(1)
  listen()
  await Promise.resolve()
  expect(count).toBe(2)
})

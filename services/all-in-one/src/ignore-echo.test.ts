import { EventEmitter } from 'node:events'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { ignoreEcho } from './ignore-echo.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A process whose first signal aborts `stop` and whose second is counted as the end, as runProcess has it. */
function setUp() {
  const emitter = new EventEmitter()
  const stop = new AbortController()
  let ended = 0
  const onSignal = () => (stop.signal.aborted ? ended++ : stop.abort())
  for (const name of ['SIGINT', 'SIGTERM']) emitter.on(name, onSignal)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a process only its signals are used
  const target = emitter as unknown as NodeJS.Process
  return { emitter, stop, ended: () => ended, target }
}

test('a second signal right after the first is the same one, a later one counts', () => {
  const { emitter, stop, ended, target } = setUp()
  ignoreEcho(stop.signal, { process: target, withinMs: 1000 })
  emitter.emit('SIGINT')
  emitter.emit('SIGINT')
  vi.advanceTimersByTime(999)
  emitter.emit('SIGTERM')
  expect(ended()).toBe(0)
  vi.advanceTimersByTime(1)
  emitter.emit('SIGINT')
  expect(ended()).toBe(1)
})

test('there is always a listener: a signal without one ends the process', () => {
  const { emitter, stop, target } = setUp()
  ignoreEcho(stop.signal, { process: target, withinMs: 1000 })
  emitter.emit('SIGINT')
  expect(emitter.listenerCount('SIGINT')).toBe(1)
  expect(emitter.listenerCount('SIGTERM')).toBe(1)
  vi.advanceTimersByTime(1000)
  expect(emitter.listenerCount('SIGINT')).toBe(1)
  expect(emitter.listenerCount('SIGTERM')).toBe(1)
})

test('it counts from the signal, also when that came before', () => {
  const { emitter, stop, ended, target } = setUp()
  emitter.emit('SIGTERM')
  ignoreEcho(stop.signal, { process: target, withinMs: 1000 })
  emitter.emit('SIGTERM')
  expect(ended()).toBe(0)
})

import { EventEmitter } from 'node:events'

import { expect, test, vi } from 'vitest'

import { createStopSignal } from './stop-signal.ts'

function setUp() {
  const emitter = new EventEmitter()
  const statuses: number[] = []
  let now = 0
  const stop = createStopSignal(
    {
      on: (name, listener) => emitter.on(name, listener),
      off: (name, listener) => emitter.off(name, listener),
      exit: (status) => statuses.push(status),
    },
    () => now,
  )
  return { emitter, stop, statuses, pass: (milliseconds: number) => (now += milliseconds) }
}

test.each(['SIGTERM', 'SIGINT'])('%s aborts', (name) => {
  const { emitter, stop, statuses } = setUp()
  expect(stop.signal.aborted).toBe(false)
  emitter.emit(name, name)
  expect(stop.signal.reason).toMatchObject({ name: 'AbortError', message: `stopped by ${name}` })
  expect(statuses).toEqual([])
})

test('a second signal right after the first is the same Ctrl-C, a later one ends the process', () => {
  const { emitter, statuses, pass } = setUp()
  emitter.emit('SIGINT', 'SIGINT')
  pass(999)
  emitter.emit('SIGTERM', 'SIGTERM')
  expect(statuses).toEqual([])
  pass(1)
  emitter.emit('SIGINT', 'SIGINT')
  expect(statuses).toEqual([130])
})

test('afterwards signals are nobody’s', () => {
  const { emitter, stop } = setUp()
  stop.dispose()
  expect([emitter.listenerCount('SIGINT'), emitter.listenerCount('SIGTERM')]).toEqual([0, 0])
})

test('and ends it also when the clock was put back since', () => {
  vi.useFakeTimers({ now: 7_200_000, toFake: ['Date', 'performance'] })
  try {
    const emitter = new EventEmitter()
    const statuses: number[] = []
    createStopSignal({ on: emitter.on.bind(emitter), off: emitter.off.bind(emitter), exit: (status) => statuses.push(status) })
    emitter.emit('SIGINT', 'SIGINT')
    vi.advanceTimersByTime(1000)
    vi.setSystemTime(0)
    emitter.emit('SIGINT', 'SIGINT')
    expect(statuses).toEqual([130])
  } finally {
    vi.useRealTimers()
  }
})

import type { Source } from '@clymene/model'
import { aborted } from '@clymene/runtime'
import { expect, test, vi } from 'vitest'

import { createReplaceableSource } from './replaceable-source.ts'

const emit = () => Promise.resolve()

/** Sources that tell when they run and end, and take their time to end. */
function numbered() {
  const events: string[] = []
  let made = 0
  const make = (): Source => {
    const number = ++made
    return {
      run: async (_emit, signal) => {
        events.push(`run ${number}`)
        await aborted(signal)
        await new Promise((resolve) => setImmediate(resolve))
        events.push(`end ${number}`)
      },
    }
  }
  return { make, events }
}

test('the next one runs when the one before has ended', async () => {
  const { make, events } = numbered()
  const source = createReplaceableSource(make)
  const stop = new AbortController()
  const running = source.run(emit, stop.signal)
  source.replace()
  await vi.waitFor(() => expect(events).toEqual(['run 1', 'end 1', 'run 2']))
  source.replace()
  source.replace()
  await vi.waitFor(() => expect(events).toEqual(['run 1', 'end 1', 'run 2', 'end 2', 'run 3']))
  stop.abort()
  await running
  expect(events.at(-1)).toBe('end 3')
})

test('nothing runs after the stop, whatever is asked for', async () => {
  const { make, events } = numbered()
  const source = createReplaceableSource(make)
  const stop = new AbortController()
  const running = source.run(emit, stop.signal)
  source.replace()
  stop.abort()
  await running
  expect(events).toEqual(['run 1', 'end 1'])
})

test('one that ends by itself is not made again, and a failure is told', async () => {
  let made = 0
  const ends = createReplaceableSource(() => {
    made++
    return { run: () => Promise.resolve() }
  })
  await ends.run(emit, new AbortController().signal)
  expect(made).toBe(1)
  const fails = createReplaceableSource(() => ({ run: () => Promise.reject(new Error('broke')) }))
  await expect(fails.run(emit, new AbortController().signal)).rejects.toThrow('broke')
})

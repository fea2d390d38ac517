import { aborted } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { together } from './together.ts'

const never = (): AbortSignal => new AbortController().signal

test('resolves when all parts have ended by themselves', async () => {
  const ended: string[] = []
  await together([async () => void ended.push('a'), async () => void ended.push('b')], never())
  expect(ended).toEqual(['a', 'b'])
})

test('the signal ends all of them', async () => {
  const stop = new AbortController()
  const running = together([aborted, aborted], stop.signal)
  stop.abort()
  await expect(running).resolves.toBeUndefined()
})

test('the first that fails ends the others; its failure is told when they have ended', async () => {
  let isEnded = false
  const other = async (signal: AbortSignal): Promise<void> => {
    await aborted(signal)
    await Promise.resolve()
    isEnded = true
  }
  const running = together([other, () => Promise.reject(new Error('first'))], never())
  await expect(running).rejects.toThrow('first')
  expect(isEnded).toBe(true)
})

test('a part that ends with the reason of the stop has not failed', async () => {
  const stop = new AbortController()
  const running = together([(signal) => aborted(signal).then(() => signal.throwIfAborted())], stop.signal)
  stop.abort()
  await expect(running).resolves.toBeUndefined()
})

test('a failure during the stop is told', async () => {
  const stop = new AbortController()
  const running = together([(signal) => aborted(signal).then(() => Promise.reject(new Error('at the end')))], stop.signal)
  stop.abort()
  await expect(running).rejects.toThrow('at the end')
})

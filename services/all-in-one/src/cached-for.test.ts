import { expect, test, vi } from 'vitest'

import { cachedFor } from './cached-for.ts'

function setUp(ms: number) {
  let nowMs = 0
  let asked = 0
  const pending: { readonly resolve: (value: number) => void; readonly reject: (error: Error) => void }[] = []
  const ask = cachedFor(
    ms,
    () => {
      asked++
      return new Promise<number>((resolve, reject) => void pending.push({ resolve, reject }))
    },
    () => nowMs,
  )
  return { ask, pending, asked: () => asked, at: (time: number) => (nowMs = time) }
}

test('one answer serves all who ask within the time, and is asked for anew after it', async () => {
  const { ask, pending, asked, at } = setUp(2000)
  const first = ask()
  const second = ask()
  pending[0]?.resolve(7)
  expect(await Promise.all([first, second])).toEqual([7, 7])
  at(1999)
  expect(await ask()).toBe(7)
  expect(asked()).toBe(1)
  at(2000)
  const third = ask()
  pending[1]?.resolve(8)
  expect(await third).toBe(8)
})

test('an answer that takes longer than the time is waited for, not asked for again', async () => {
  const { ask, pending, asked, at } = setUp(2000)
  const first = ask()
  at(60_000)
  const second = ask()
  expect(asked()).toBe(1)
  pending[0]?.resolve(1)
  expect(await Promise.all([first, second])).toEqual([1, 1])
})

test('a failure is shared too, and forgotten after the time', async () => {
  const { ask, pending, asked, at } = setUp(2000)
  const first = ask()
  pending[0]?.reject(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect(ask()).rejects.toThrow('away')
  expect(asked()).toBe(1)
  at(2500)
  const next = ask()
  pending[1]?.resolve(3)
  expect(await next).toBe(3)
})

test('a clock that was put back keeps no answer longer', async () => {
  vi.useFakeTimers({ now: 7_200_000, toFake: ['Date', 'performance'] })
  try {
    let asked = 0
    const ask = cachedFor(2000, () => Promise.resolve(++asked))
    expect(await ask()).toBe(1)
    vi.setSystemTime(0)
    expect(await ask()).toBe(1)
    vi.advanceTimersByTime(2000)
    expect(await ask()).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

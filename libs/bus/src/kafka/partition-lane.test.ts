import type { Envelope } from '@clymene/model'
import { describe, expect, test, vi } from 'vitest'

import { createOutgoing, type Outgoing } from './outgoing.ts'
import { createPartitionLane, type BatchLimits } from './partition-lane.ts'
import { createProduceCall } from './produce-call.ts'

const LIMITS: BatchLimits = { maxBytes: 100, maxMessages: Infinity, minMessages: 0, lingerMs: 0 }
const never = (): AbortSignal => new AbortController().signal
const message = (bytes: number, signal = never()): Outgoing => {
  const call = createProduceCall(1, signal)
  call.done.catch(() => undefined)
  const envelope: Envelope = { kind: 'metrics', key: '', value: Buffer.alloc(0), headers: {} }
  return { ...createOutgoing(envelope, { call, delivery: 0 }), bytes }
}

function lane(limits: Partial<BatchLimits> = {}) {
  const batches: (readonly Outgoing[])[] = []
  const released: Outgoing[] = []
  const answers: (() => void)[] = []
  const { push, idle } = createPartitionLane({
    limits: () => ({ ...LIMITS, ...limits }),
    deliver: async (batch) => {
      batches.push(batch)
      await new Promise<void>((resolve) => answers.push(resolve))
    },
    released: (one) => released.push(one),
  })
  const sent = async (count: number): Promise<void> => vi.waitFor(() => expect(batches).toHaveLength(count))
  return { push, idle, batches, released, sent, answer: () => answers.shift()?.() }
}

describe('partition lane', () => {
  test('messages of one round go together; what comes while they are in flight goes in the next', async () => {
    const { push, batches, sent, answer } = lane()
    const [a, b, c, d] = [message(1), message(1), message(1), message(1)]
    push(a)
    push(b)
    await sent(1)
    push(c)
    push(d)
    expect(batches).toEqual([[a, b]])
    answer()
    await sent(2)
    expect(batches[1]).toEqual([c, d])
  })

  test.each([
    { name: 'bytes', limits: { maxBytes: 100 }, sizes: [60, 40, 1], expected: [2, 1] },
    { name: 'a message over the limit goes alone', limits: { maxBytes: 100 }, sizes: [1, 500, 1], expected: [1, 1, 1] },
    { name: 'messages', limits: { maxMessages: 2 }, sizes: [1, 1, 1], expected: [2, 1] },
  ])('a request is limited: $name', async ({ limits, sizes, expected }) => {
    const { push, batches, sent, answer } = lane(limits)
    for (const size of sizes) push(message(size))
    for (const [index] of expected.entries()) {
      await sent(index + 1)
      answer()
    }
    expect(batches.map(({ length }) => length)).toEqual(expected)
  })

  test('waits for others no longer than its time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { push, batches } = lane({ lingerMs: 50 })
      push(message(1))
      await vi.advanceTimersByTimeAsync(49)
      push(message(1))
      expect(batches).toHaveLength(0)
      await vi.advanceTimersByTimeAsync(1)
      expect(batches.map(({ length }) => length)).toEqual([2])
    } finally {
      vi.useRealTimers()
    }
  })

  test('what waited while a request was in flight does not wait for others again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const { push, batches, answer } = lane({ lingerMs: 50 })
      push(message(1))
      await vi.advanceTimersByTimeAsync(50)
      push(message(1))
      await vi.advanceTimersByTimeAsync(30)
      answer()
      // It is 30 ms old: 20 more.
      await vi.advanceTimersByTimeAsync(19)
      expect(batches).toHaveLength(1)
      await vi.advanceTimersByTimeAsync(1)
      expect(batches).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    { name: 'full', limits: { lingerMs: 1e6, maxBytes: 10 }, sizes: [5, 5] },
    { name: 'enough', limits: { lingerMs: 1e6, minMessages: 2 }, sizes: [1, 1] },
  ])('does not wait when the request is $name', async ({ limits, sizes }) => {
    const { push, sent, batches } = lane(limits)
    for (const size of sizes) push(message(size))
    await sent(1)
    expect(batches[0]).toHaveLength(2)
  })

  test('leaves out what nobody waits for any more, and frees its memory', async () => {
    const { push, batches, released, sent, answer, idle } = lane()
    const gone = new AbortController()
    const [first, aborted, last] = [message(1), message(1, gone.signal), message(1)]
    push(first)
    await sent(1)
    push(aborted)
    push(last)
    gone.abort()
    answer()
    await sent(2)
    answer()
    await idle()
    expect(batches).toEqual([[first], [last]])
    expect(new Set(released)).toEqual(new Set([first, aborted, last]))
  })
})

describe('produce call', () => {
  test('is done with the last of its messages', async () => {
    const call = createProduceCall(2, never())
    call.acknowledged()
    expect(call.settled()).toBe(false)
    call.acknowledged()
    await expect(call.done).resolves.toBeUndefined()
  })

  test('fails with the first failure', async () => {
    const call = createProduceCall(2, never())
    call.fail(new Error('first'))
    call.fail(new Error('second'))
    call.acknowledged()
    await expect(call.done).rejects.toThrow('first')
  })

  test('with refused messages it fails when all others are acknowledged, naming every refused record', async () => {
    const call = createProduceCall(2, never())
    const record = (index: number) => ({ delivery: 1, record: index, reason: 'too large' })
    call.divided(3)
    call.refused([record(0)])
    call.acknowledged()
    call.refused([record(2)])
    expect(call.settled()).toBe(false)
    call.acknowledged()
    await expect(call.done).rejects.toMatchObject({ name: 'PermanentError', status: 413, refused: [record(0), record(2)] })
  })

  test('fails with the reason of its signal', async () => {
    const stop = new AbortController()
    const call = createProduceCall(1, stop.signal)
    stop.abort(new Error('enough'))
    await expect(call.done).rejects.toThrow('enough')
  })
})

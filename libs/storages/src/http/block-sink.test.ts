import { randomBytes } from 'node:crypto'

import { PermanentError, RetryableError, type Delivery } from '@clymene/model'
import { compress, decompress } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { createBlockSink } from './block-sink.ts'
import { createBodyMemory } from './body-memory.ts'

const never = new AbortController().signal
const LIMIT = 1 << 20

const BLOCKS = Array.from({ length: 7 }, () => compress(randomBytes(30_000)))
const blockOf = (number: number): Buffer => BLOCKS[number]!
const deliveryOf = (value: Buffer): Delivery => ({ kind: 'metrics', key: 'k', value, headers: {}, position: 0 })

/** A store whose answers are the test's, one a body. */
function start() {
  const bodies: { readonly body: Buffer; readonly answer: (error?: Error) => void }[] = []
  const sink = createBlockSink(
    {
      post: (body) =>
        new Promise((resolve, reject) => bodies.push({ body, answer: (error) => (error === undefined ? resolve() : reject(error)) })),
      check: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    't',
  )
  return { bodies, write: (...blocks: readonly Buffer[]) => sink.write(blocks.map(deliveryOf), never) }
}

describe('the memory of a body', () => {
  test('serves the next one when it was taken, and not while it is on its way', async () => {
    const { bodies, write } = start()
    const first = write(blockOf(1), blockOf(2))
    const second = write(blockOf(3), blockOf(4))
    expect(bodies[1]!.body.buffer).not.toBe(bodies[0]!.body.buffer)
    const both = Buffer.concat([1, 2].map((number) => Buffer.from(decompress(blockOf(number), LIMIT))))
    expect(both.equals(decompress(bodies[0]!.body, LIMIT))).toBe(true)
    bodies[0]!.answer()
    await first
    void write(blockOf(5), blockOf(6))
    expect(bodies[2]!.body.buffer).toBe(bodies[0]!.body.buffer)
    bodies[1]!.answer()
    await second
  })

  test.each([new RetryableError('503'), new PermanentError('400'), new Error('aborted')])(
    'is left to who may still have it after %s',
    async (error) => {
      const { bodies, write } = start()
      const writing = write(blockOf(1), blockOf(2))
      bodies[0]!.answer(error)
      await expect(writing).rejects.toBe(error)
      void write(blockOf(3), blockOf(4))
      expect(bodies[1]!.body.buffer).not.toBe(bodies[0]!.body.buffer)
    },
  )

  test('of one message is the message', () => {
    const { bodies, write } = start()
    const block = blockOf(1)
    void write(block)
    expect(bodies[0]!.body).toBe(block)
  })
})

describe('createBodyMemory', () => {
  test('gives the smallest that fits, and keeps 16 MiB, the largest', () => {
    const memory = createBodyMemory()
    const MIB = 1 << 20
    const all = [9, 5, 3, 1].map((size) => memory.take(size * MIB))
    for (const one of all) memory.giveBack(one)
    expect(memory.take(4 * MIB).buffer).toBe(all[1]!.buffer)
    expect(memory.take(6 * MIB).buffer).toBe(all[0]!.buffer)
    const huge = memory.take(17 * MIB)
    memory.giveBack(huge)
    expect(memory.take(17 * MIB).buffer).not.toBe(huge.buffer)
  })

  test('takes back only what is its own', () => {
    const memory = createBodyMemory()
    const foreign = Buffer.alloc(1 << 20)
    memory.giveBack(foreign)
    memory.giveBack(memory.take(10))
    expect(memory.take(1 << 20).buffer).not.toBe(foreign.buffer)
  })
})

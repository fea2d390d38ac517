import Connection from 'kafkajs/src/network/connection.js'
import { expect, test } from 'vitest'

import { createAnswerMemory } from './answer-memory.ts'
import { createAnswerReader } from './answer-reader.ts'
import { createLastAnswers } from './last-answers.ts'
import { leaveAnswersWhole } from './whole-answers.ts'

const LARGE = 100_000

/** An answer of Kafka: length, number of the request, and bytes of one kind. */
function answer(number: number, bytes: number): Buffer {
  const all = Buffer.alloc(8 + bytes, number)
  all.writeInt32BE(4 + bytes)
  all.writeInt32BE(number, 4)
  return all
}

/** The reader over a socket that brings `stream` in chunks of that size. */
function read(stream: Buffer, chunkBytes: number, take = (bytes: number): Buffer => Buffer.alloc(bytes)): Buffer[] {
  const passed: Buffer[] = []
  const reader = createAnswerReader(take, (one) => void passed.push(one))
  const { buffer } = reader
  if (!Buffer.isBuffer(buffer)) throw new Error('expected one buffer')
  for (let at = 0; at < stream.length; at += chunkBytes) {
    buffer.fill(0xee)
    reader.callback(stream.copy(buffer, 0, at, at + chunkBytes), buffer)
  }
  return passed
}

test.each([1, 3, 4, 5, 11, 12, 13, 1000, 65_536])('answers in chunks of %i bytes are passed on whole', (chunkBytes) => {
  const answers = [answer(1, 4), answer(2, 0), answer(3, 300), answer(4, 20_000)]
  expect(read(Buffer.concat(answers), chunkBytes)).toEqual(answers)
})

test.each(['16030100', 'ffffffff', '485454502f312e31203430'])('what is no answer (%s…) is passed on as it comes', (hex) => {
  const foreign = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(50, 7)])
  expect(Buffer.concat(read(foreign, 7)).equals(foreign)).toBe(true)
})

test('memory of a large answer is used again when it is given back, once; of others it is not known', () => {
  const freed: Buffer[] = []
  const { take, answerOf } = createAnswerMemory((memory) => void freed.push(memory))
  const first = take(LARGE)
  const its = answerOf(first.subarray(10, 20))
  expect(take(LARGE).buffer).not.toBe(first.buffer)
  its!.giveBack()
  its!.giveBack()
  expect(freed).toHaveLength(1)
  const second = take(LARGE + 10)
  expect(second.buffer).toBe(first.buffer)
  // Of an answer that was there before: it must not take the memory from the one that is there now.
  its!.giveBack()
  expect(take(LARGE).buffer).not.toBe(first.buffer)
  expect(answerOf(second)).not.toBe(its)
  for (const unknown of [take(10), Buffer.alloc(LARGE), null, undefined]) expect(answerOf(unknown)).toBeUndefined()
})

test('memory over 16 MiB is not kept, nor what is too small for the answers of now', () => {
  const { take, answerOf } = createAnswerMemory()
  const huge = take(17 << 20)
  answerOf(huge)!.giveBack()
  expect(take(17 << 20).buffer).not.toBe(huge.buffer)
  const small = take(LARGE)
  answerOf(small)!.giveBack()
  take(LARGE * 2)
  expect(take(LARGE).buffer).not.toBe(small.buffer)
})

test('an answer is given back when the next messages of one of its partitions come', () => {
  const { take, answerOf } = createAnswerMemory()
  const { came } = createLastAnswers({ answerOf })
  const first = take(LARGE)
  came(0, first.subarray(10))
  came(1, first.subarray(20))
  came(2, first.subarray(30))
  const second = take(LARGE)
  expect(second.buffer).not.toBe(first.buffer)
  came(0, second)
  // It is the third answer's now: that partitions 1 and 2 had the first one there must not take it away.
  const third = take(LARGE)
  expect(third.buffer).toBe(first.buffer)
  came(1, second)
  came(2, Buffer.alloc(10))
  expect(take(LARGE).buffer).not.toBe(first.buffer)
  came(0, third)
  expect(take(LARGE).buffer).toBe(second.buffer)
})

test('kafkajs reads a whole answer where it is', () => {
  leaveAnswersWhole()
  const payloads: Buffer[] = []
  const connection: typeof Connection.prototype = Object.setPrototypeOf(
    {
      chunks: [],
      bytesBuffered: 0,
      bytesNeeded: 4,
      authHandlers: null,
      requestQueue: { fulfillRequest: ({ payload }: { readonly payload: Buffer }) => void payloads.push(payload) },
    },
    Connection.prototype,
  )
  const { take, answerOf } = createAnswerMemory()
  const answers = [answer(1, 20), answer(2, LARGE), answer(3, 30), answer(4, LARGE)]
  for (const one of read(Buffer.concat(answers), 50_000, take)) connection.processData(one)
  expect(payloads).toEqual(answers.map((one) => one.subarray(8)))
  expect(payloads.map((payload) => answerOf(payload) !== undefined)).toEqual([false, true, false, true])
  // Also what comes in pieces, or two at a time, as from any socket.
  const both = Buffer.concat([answer(5, 100), answer(6, 200)])
  for (const part of [both.subarray(0, 50), both.subarray(50)]) connection.processData(part)
  expect(payloads.slice(4)).toEqual([Buffer.alloc(100, 5), Buffer.alloc(200, 6)])
})

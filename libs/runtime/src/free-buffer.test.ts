import { expect, test } from 'vitest'

import { freeBuffer } from './free-buffer.ts'

test('memory of its own is given back: the buffer and every view of it are empty', () => {
  const bytes = Buffer.allocUnsafeSlow(200_000).fill(1)
  const view = bytes.subarray(10, 20)
  const arrayBufferBytes = process.memoryUsage().arrayBuffers
  freeBuffer(bytes)
  expect([bytes.length, view.length]).toEqual([0, 0])
  expect(process.memoryUsage().arrayBuffers).toBeLessThanOrEqual(arrayBufferBytes - 200_000)
})

test.each<[what: string, bytes: Buffer]>([
  ['of the pool', Buffer.from('a')],
  ['as long as what a socket reads at once', Buffer.allocUnsafeSlow(64 * 1024)],
  ['a part of something', Buffer.allocUnsafeSlow(300_000).subarray(10)],
  ['of memory that threads share', Buffer.from(new SharedArrayBuffer(200_000))],
])('what may be shared stays: %s', (_what, bytes) => {
  const { length } = bytes
  freeBuffer(bytes)
  expect(bytes).toHaveLength(length)
})

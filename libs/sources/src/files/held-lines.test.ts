import { expect, test } from 'vitest'

import { createHeldLines } from './held-lines.ts'
import type { Cursor } from './line-reader.ts'

const cursorAt = (offset: number): Cursor => ({ offset, heldFrom: offset, quietTo: offset, skipping: false, quietUntil: 0 })

/** Reads so many bytes of a file, and gives the origin of its first line. */
function read(lines: ReturnType<typeof createHeldLines>, cursor: Cursor, bytes: number): number {
  const origin = lines.enter(cursor) + cursor.offset
  cursor.offset += bytes
  return origin
}

test('origins grow over files that follow each other, and over late lines of a rotated one', () => {
  const lines = createHeldLines()
  const [old, next] = [cursorAt(500), cursorAt(0)]
  const origins = [old, old, next, old, next].map((cursor) => {
    const origin = read(lines, cursor, 100)
    lines.settle(Number.POSITIVE_INFINITY, false)
    return origin
  })
  expect(origins).toEqual(origins.toSorted((a, b) => a - b))
  expect(new Set(origins).size).toBe(origins.length)
  expect([old, next].map(({ offset, heldFrom }) => [offset, heldFrom])).toEqual([
    [800, 800],
    [200, 200],
  ])
})

test('a line that is held keeps its file, and no other', () => {
  const lines = createHeldLines()
  const [old, next] = [cursorAt(500), cursorAt(0)]
  const held = read(lines, old, 100)
  lines.settle(held, false)
  read(lines, next, 70)
  lines.settle(held, false)
  expect([old.heldFrom, next.heldFrom]).toEqual([500, 0])
  lines.settle(held + 120, false)
  expect([old.heldFrom, next.heldFrom]).toEqual([600, 20])
  lines.settle(Number.POSITIVE_INFINITY, false)
  expect([old.heldFrom, next.heldFrom]).toEqual([600, 70])
})

test('of a file that was read in turns the earliest line counts', () => {
  const lines = createHeldLines()
  const [old, next] = [cursorAt(0), cursorAt(0)]
  const held = read(lines, old, 10)
  lines.settle(held, false)
  read(lines, next, 10)
  lines.settle(held, false)
  read(lines, old, 10)
  lines.settle(held, false)
  expect([old.heldFrom, next.heldFrom]).toEqual([0, 0])
})

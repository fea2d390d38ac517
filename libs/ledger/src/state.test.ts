import { zstdCompressSync } from 'node:zlib'

import { DecodeError } from '@clymene/model'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { newBookState, openBook, reportOfBook } from './book.ts'
import { createExceptions } from './exceptions.ts'
import { storedAgain } from './outcome.ts'
import { createRoster } from './roster.ts'
import { decodeBook, decodeExceptions, encodeBook, encodeExceptions } from './state.ts'
import { createFakeLog } from './testing/fake-log.ts'

const PLACE = { kind: 'logs', storage: 's', group: 'g', topic: 't', partition: 3 } as const
const roster = () => createRoster({ maxAgents: 100, maxKeys: 100 })
const compressed = (value: unknown): Buffer => zstdCompressSync(JSON.stringify(value))

function sampleBook() {
  const log = createFakeLog()
  const book = openBook(newBookState(PLACE, 0n), roster())
  for (const [index, agent] of ['a', '__proto__', '', 'a', 'ü "'].entries()) {
    for (const sequence of [1, 2, 5]) {
      const numbered = agent === '' ? {} : { agent, epoch: index + 1, sequence }
      book.settle(storedAgain(log.append({ cluster: '__proto__', ...numbered })))
    }
  }
  book.settle(storedAgain(log.append({ cluster: 'c', agent: 'a', epoch: 9, sequence: 3, position: 40 })))
  book.skipTo(100n, 7)
  return book.state
}

describe('state of a book', () => {
  test('is read back as it was', async () => {
    const state = sampleBook()
    const bytes = await encodeBook(state)
    const read = decodeBook(bytes)!
    expect(reportOfBook(read)).toEqual(reportOfBook(state))
    expect((await encodeBook(read)).equals(bytes)).toBe(true)
  })

  test('goes on where it was: a repeat is known, a late number fills its gap', async () => {
    const state = decodeBook(await encodeBook(sampleBook()))!
    const book = openBook(state, roster())
    const log = createFakeLog()
    for (let offset = 0; offset < 100; offset++) log.append({})
    const headers = { cluster: '__proto__', agent: 'a', epoch: 1 }
    const [repeat, late] = [log.append({ ...headers, sequence: 5 }), log.append({ ...headers, sequence: 3 })]
    expect([book.isSeen(repeat), book.isSeen(late)]).toEqual([true, false])
    expect([book.settle(storedAgain(repeat)), book.settle(storedAgain(late))]).toEqual(['repeatedInBus', 'stored'])
  })

  test('exceptions are read back as they were', async () => {
    const exceptions = createExceptions()
    exceptions.settled.set(2n ** 60n, { outcome: 'deadLetter', records: 0, refused: 5 })
    exceptions.settled.set(3n, { outcome: 'stored', records: 4, refused: 1 })
    exceptions.expired.set(9n, 4)
    expect(decodeExceptions(await encodeExceptions(PLACE, exceptions))).toEqual(exceptions)
  })

  test('what is something else is not a book', () => expect(decodeBook(compressed(['replay', 1]))).toBeUndefined())

  const fields = ['book', 1, 'logs', 's', 'g', 't', 3, '0', '10', 0, 5, 0, 0, 6, 1]
  test.each([
    ['no bytes', Buffer.alloc(0), /compressed by zstd/],
    ['other bytes', Buffer.from('{"a":1}'), /compressed by zstd/],
    ['no JSON', zstdCompressSync('[1,'), /JSON compressed by zstd/],
    ['no list', compressed({ a: 1 }), /book: expected a list/],
    ['a later version', compressed(['book', 2]), /expected version 1, found 2/],
    ['too short', compressed(fields), /book, field 15: expected a list, found undefined/],
    ['an offset that is a number', compressed(fields.with(7, 0)), /book, field 7: expected an offset, found number/],
    ['an offset that is none', compressed(fields.with(8, '1e3')), /field 8: expected an offset/],
    ['half a partition', compressed(fields.with(6, 1.5)), /field 6: expected a whole number/],
    ['an agent that is none', compressed([...fields, [7]]), /agent: expected a list/],
    ['an agent without counts', compressed([...fields, [['c', 'a']]]), /agent, field 2: expected a whole number/],
  ])('damaged: %s', (_, bytes, expected) => {
    expect(() => decodeBook(bytes)).toThrow(DecodeError)
    expect(() => decodeBook(bytes)).toThrow(expected)
  })

  test('any damage gives a DecodeError or another book, never anything else', async () => {
    const bytes = await encodeBook(sampleBook())
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, flip, isCut) => {
        const damaged = isCut ? bytes.subarray(0, at) : Buffer.from(bytes)
        if (!isCut) damaged[at] = (damaged[at] ?? 0) ^ flip
        try {
          decodeBook(damaged)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('what claims to be huge is not unpacked', () => {
    const bomb = zstdCompressSync(Buffer.alloc(65 * 1024 * 1024, ' '))
    expect(() => decodeBook(bomb)).toThrow(/compressed by zstd/)
  })
})

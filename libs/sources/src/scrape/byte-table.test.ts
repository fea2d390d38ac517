import { describe, expect, test } from 'vitest'

import { ByteTable, hashBytes } from './byte-table.ts'

describe('standsAt', () => {
  test('every length, and another byte at every place', () => {
    for (let length = 0; length <= 50; length++) {
      const text = Buffer.from(Array.from({ length }, (_, index) => 200 + index))
      const table = new ByteTable(0)
      table.add(Buffer.from('before'), 0, 6, 0)
      const at = table.add(text, 0, length, hashBytes(text, 0, length))
      const page = Buffer.concat([Buffer.from('a page '), text, Buffer.from(' goes on')])
      expect(table.standsAt(at, page, 7)).toBe(true)
      expect(table.standsAt(at, page.subarray(7, 7 + length), 0)).toBe(true)
      if (length > 0) expect(table.standsAt(at, page.subarray(0, 6 + length), 7)).toBe(false)
      for (let place = 0; place < length; place++) {
        const other = Buffer.from(page)
        other[7 + place]! ^= 1
        expect(table.standsAt(at, other, 7)).toBe(false)
        other[7 + place]! ^= 1
        expect(table.standsAt(at, other, 7)).toBe(true)
      }
    }
  })

  test('strings that have moved are compared where they are now', () => {
    const table = new ByteTable(0)
    const texts = Array.from({ length: 100 }, (_, index) => Buffer.from(`series{number="${index}"}`))
    for (const text of texts) table.add(text, 0, text.length, hashBytes(text, 0, text.length))
    const moved = table.compact((at) => at % (2 * table.stride) === 0)
    table.trim()
    for (const [index, text] of texts.entries()) {
      expect(table.find(text, 0, text.length, hashBytes(text, 0, text.length))).toBe(moved[index])
    }
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { FORMATS, nameOf, piecesOf, rawOf, textOf } from './lines.ts'

const names = fc.record({ lane: fc.constantFrom('0', '17', '3o', '3e'), number: fc.integer({ min: 1, max: 100_000 }) })

test.each(FORMATS)('%s: a text is the line that was written, and no other', (format) => {
  fc.assert(
    fc.property(names, (name) => {
      expect(nameOf(format, textOf(format, name))).toEqual(name)
      expect(nameOf(format, `${textOf(format, name)}x`)).toBeUndefined()
      expect(nameOf(format, textOf(format, name).slice(0, -1))).toBeUndefined()
      expect(nameOf(format, textOf(format, name).slice(1))).toBeUndefined()
      const raw = rawOf(format, name, 1_700_000_000_000_000_001n)
      expect(raw).toMatch(/\n$/)
      expect(raw).toBe(piecesOf(format, name, 1_700_000_000_000_000_001n).join(''))
    }),
  )
})

test('the pieces of a partial line are those of the text, the last one marked as such', () => {
  const name = { lane: '3e', number: 5 }
  const pieces = piecesOf('cri-partial', name, 1_700_000_000_000_000_001n)
  expect(pieces.length).toBeGreaterThan(1)
  const parts = pieces.map((piece) => /^2023-11-14T22:13:20\.000000001Z stderr ([PF]) ([^\n]*)\n$/.exec(piece)?.slice(1) ?? [])
  expect(parts.map(([mark]) => mark).join('')).toMatch(/^P+F$/)
  expect(parts.map(([, part]) => part).join('')).toBe(textOf('cri-partial', name))
})

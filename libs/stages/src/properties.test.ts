import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TemplateSyntaxError } from './go-template/lexer.ts'
import { compileGoTemplate } from './go-template/template.ts'
import { createTimeParser } from './go-time/time-parser.ts'
import { compileJmespath } from './jmespath/parser.ts'
import { JmespathSyntaxError } from './jmespath/tokens.ts'
import { compileLogPattern } from './log-pattern.ts'
import { readLogfmt } from './logfmt-line.ts'

const NOTHING = { get: () => undefined, all: () => new Map() }

test('logfmt reads back what was written', () => {
  const key = fc.stringMatching(/^[a-z_.가-힣]{1,8}$/)
  const plain = fc.stringMatching(/^[!#-<>-~]{0,8}$/)
  const pair = fc.tuple(key, fc.oneof(plain, fc.string(), fc.string({ unit: 'grapheme' })))
  fc.assert(
    fc.property(fc.array(pair), (pairs) => {
      const line = pairs.map(([name, value]) => `${name}=${/^[!#-<>-~]*$/.test(value) ? value : JSON.stringify(value)}`).join(' ')
      const found: (readonly [string, string])[] = []
      expect(readLogfmt(line, (name, value) => void found.push([name, value]))).toBe(true)
      expect(found).toEqual(pairs)
    }),
  )
})

test('any line is read as logfmt to its end or to a mistake', () => {
  const line = fc.array(fc.constantFrom('a', '=', '"', '\\', ' ', 'u', '\n', 'é', '😀'), { maxLength: 30 }).map((units) => units.join(''))
  fc.assert(
    fc.property(line, (text) => {
      readLogfmt(text, (name, value) => {
        expect(name).not.toMatch(/[ ="\n]/)
        expect(typeof value).toBe('string')
      })
    }),
  )
})

test('a pattern gives the pieces that a line was made of', () => {
  const piece = fc.stringMatching(/^[a-z0-9 ]{0,6}$/)
  const separator = fc.stringMatching(/^[|;,<>]{1,3}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, separator), { minLength: 1, maxLength: 6 }), piece, (parts, last) => {
      const pattern = compileLogPattern(`${parts.map(([, literal], index) => `<p${index}>${literal}`).join('')}<rest>`)
      const line = parts.map(([value, literal]) => value + literal).join('') + last
      expect(pattern.match(line)).toEqual([...parts.map(([value]) => value), last])
    }),
  )
})

test('a time that was written by a layout is read back', () => {
  const two = (value: number): string => String(value).padStart(2, '0')
  const moment = fc.tuple(
    fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9999, 11, 31) }),
    fc.integer({ min: 0, max: 999_999 }),
    fc.integer({ min: -14 * 60, max: 14 * 60 }),
  )
  const parse = createTimeParser('02/Jan/2006:15:04:05.000000000 -0700', { zone: undefined, now: () => 0n })
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  fc.assert(
    fc.property(moment, ([milliseconds, nanos, offset]) => {
      const shown = new Date(milliseconds + offset * 60_000)
      const [date, clock] = [shown.toISOString().slice(0, 10).split('-'), shown.toISOString().slice(11, 23)]
      const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
      const text = `${date[2]}/${months[shown.getUTCMonth()]}/${date[0]}:${clock}${String(nanos).padStart(6, '0')} ${zone}`
      fc.pre(/^\d{4}$/.test(date[0] ?? ''))
      expect(parse(text)).toBe(BigInt(milliseconds) * 1_000_000n + BigInt(nanos))
    }),
  )
})

test('any text is a time or none', () => {
  const parse = createTimeParser('Mon Jan _2 15:04:05.999 MST 2006', { zone: undefined, now: () => 0n })
  const piece = fc.constantFrom('Mon', 'Jan', ' ', '2', '15', ':', '04', '.', '9', 'GMT', '+3', 'UTC', '2006', 'x', '😀')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const time = parse(pieces.join(''))
      expect(time === undefined || typeof time === 'bigint').toBe(true)
    }),
  )
})

test('a template without braces is its own result', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('{{')),
      (text) => {
        expect(compileGoTemplate(text)(NOTHING, 1000)).toBe(text)
      },
    ),
  )
})

test('any template is refused with its place, or gives a text within the limit', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    '-}}',
    ' ',
    'if',
    'else',
    'end',
    'range',
    'with',
    '.a',
    '.',
    '$x',
    ':=',
    '|',
    '(',
    ')',
    '"s"',
    '3',
    'list',
    'printf',
    '"%s%d%5v"',
    'text',
    'ToUpper',
    'repeat',
    'true',
  )
  let ran = 0
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
      try {
        const text = compileGoTemplate(pieces.join(' '))({ get: () => 'v', all: () => new Map([['a', 'v']]) }, 50)
        ran++
        expect((text ?? '').length).toBeLessThanOrEqual(50)
      } catch (error) {
        if (!(error instanceof TemplateSyntaxError)) throw error
        expect(error.message).toMatch(/ at position \d+$/)
      }
    }),
    { numRuns: 2000 },
  )
  expect(ran).toBeGreaterThan(20)
})

test('any expression is refused with its place, or gives a value or an error of its own', () => {
  const piece = fc.constantFrom(
    'a',
    '.',
    '*',
    '[',
    ']',
    '[]',
    '[?',
    '0',
    ':',
    '-1',
    '|',
    '||',
    '&&',
    '!',
    '(',
    ')',
    '{',
    '}',
    ',',
    '@',
    '&a',
    'length',
    'sort_by',
    '`1`',
    "'x'",
    '==',
    '<',
  )
  let ran = 0
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      try {
        const evaluate = compileJmespath(pieces.join(''))
        ran++
        expect(() => JSON.stringify(evaluate({ a: [{ a: 1 }, [2], 'x'] }))).not.toThrow(TypeError)
      } catch (error) {
        if (!(error instanceof JmespathSyntaxError)) throw error
        expect(error.message).toMatch(/ at position \d+: /)
      }
    }),
    { numRuns: 3000 },
  )
  expect(ran).toBeGreaterThan(50)
})

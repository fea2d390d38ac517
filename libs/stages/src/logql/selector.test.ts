import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createLabelSet } from '../label-set.ts'
import { parseSelector } from './selector.ts'

const selects = (text: string, labels: Readonly<Record<string, string>>, line = ''): boolean =>
  parseSelector(text)(createLabelSet(Object.entries(labels)), line)

describe('parseSelector', () => {
  test.each<[text: string, labels: Readonly<Record<string, string>>, selected: boolean]>([
    ['{}', {}, true],
    ['{ }', { a: 'x' }, true],
    ['{a="x"}', { a: 'x' }, true],
    ['{a="x"}', { a: 'xy' }, false],
    ['{a="x"}', {}, false],
    ['{a=""}', {}, true],
    ['{a!="x"}', {}, true],
    ['{a!="x"}', { a: 'x' }, false],
    ['{a=~"x|y"}', { a: 'y' }, true],
    ['{a=~"x|y"}', { a: 'xy' }, false],
    ['{a=~"x"}', { a: 'axb' }, false],
    ['{a=~".+"}', {}, false],
    ['{a=~".*"}', {}, true],
    ['{a=~"x.y"}', { a: 'x\ny' }, true],
    ['{a!~"x|y"}', { a: 'z' }, true],
    ['{a!~"x|y"}', { a: 'x' }, false],
    ['{a="x", b="y"}', { a: 'x', b: 'y' }, true],
    ['{a="x", b="y"}', { a: 'x' }, false],
    ['{a="x"} # that is all', { a: 'x' }, true],
    ['{a="q\\"\\\\\\n\\x41\\u00e9"}', { a: 'q"\\\nAé' }, true],
    ['{a="\\xc3\\xa9\\351"}', { a: 'é\ufffd' }, true],
    ['{a=`\\n`}', { a: '\\n' }, true],
    ['{__proto__="x"}', {}, false],
    ['{constructor="", json="x", on!="y"}', { json: 'x' }, true],
    ['{a="json=\\x41="}', { a: 'json=A=' }, true],
  ])('%s of labels %j: %s', (text, labels, selected) => {
    expect(selects(text, labels)).toBe(selected)
  })

  test.each<[filters: string, line: string, selected: boolean]>([
    ['|= "err"', 'an error', true],
    ['|= "err"', 'an ERROR', false],
    ['|= ""', '', true],
    ['!= "err"', 'an error', false],
    ['!= "err"', 'fine', true],
    ['|~ "e.r"', 'an error', true],
    ['|~ "^e.r"', 'an error', false],
    ['|~ "(?i)ERR"', 'an error', true],
    ['!~ "e.r"', 'an error', false],
    ['|= "a" != "b"', 'a', true],
    ['|= "a" != "b"', 'ab', false],
    ['|= "a" or "b"', 'b', true],
    ['|= "a" or "b" or "c"', 'c', true],
    ['|= "a" or "b"', 'x', false],
    ['!= "a" or "b"', 'b', false],
    ['!= "a" or "b"', 'x', true],
    ['|~ "a+" or "b+" |= "c"', 'bbc', true],
    ['|= `a"b`', 'a"b', true],
    ['|> "GET <_> 200"', 'GET / 200', true],
    ['|> "GET <_> 200"', 'GET / 200 x', false],
    ['|> "GET <_> 200"', 'GET  200', false],
    ['|> "<_>ms"', '3ms', true],
    ['|> "<_>a<_>"', 'xay', true],
    ['|> "<_>a<_>"', 'xa', false],
    ['|> "<_>a<_>b"', 'xaby b', true],
    ['|> "plain"', 'plain', true],
    ['!> "GET <_>"', 'GET /', false],
    ['!> "GET <_>"', 'POST /', true],
  ])('{a="x"} %s of %j: %s', (filters, line, selected) => {
    expect(selects(`{a="x"} ${filters}`, { a: 'x' }, line)).toBe(selected)
    expect(selects(`{a="x"} ${filters}`, { a: 'y' }, line)).toBe(false)
  })

  test.each([
    ['', '"" is no LogQL, at position 0: unexpected end'],
    ['error', 'at position 0: unexpected "error"'],
    ['|= "x"', '"|= \\"x\\"" is no LogQL, at position 0: unexpected "|= \\"x\\""'],
    ['{a="x"', 'at position 6: unexpected end'],
    ['{a=x}', 'at position 3: unexpected "x}"'],
    ['{a="x",}', 'at position 7: unexpected "}"'],
    ['{a="x"} |=', 'at position 10: unexpected end'],
    ['{a="x"} x', 'at position 8: unexpected "x"'],
    ['{a=~"("}', 'regex "("'],
    ['{a="x"} |~ "("', 'regex "("'],
    ['{a=~"x(?=y)"}', 'regex "x(?=y)"'],
    ['{a="x"} | json', '"| json" at position 8 is no line filter'],
    ['{a="x"} |= "b" | logfmt | level="x"', '"| logfmt" at position 15 is no line filter'],
    ['{a="x"} | level="x"', '"| level=\\"x\\"" at position 8 is no line filter'],
    ['{a="x"} | line_format "x"', '"| line_format \\"x\\"" at position 8 is no line filter'],
    ['{a="x"} |= ip("10.0.0.0/8")', '"ip()" at position 11 is not supported in a line filter'],
    ['{a="x"} |> "<_><_>"', 'literal text is needed between <_> and <_>'],
    ['{a="x"} |> "<name> x"', '<name> has a name'],
    ['rate({a="x"}[5m])', 'metric queries cannot select lines'],
    ['{a="x"} or {b="y"}', 'metric queries cannot select lines'],
    ['{a="\\q"}', 'unknown escape \\q'],
    ['{a="\\U00110000"}', 'unknown escape \\U00110000'],
  ])('refuses %j', (text, message) => {
    expect(() => parseSelector(text)).toThrow(message)
  })

  test('agrees with a matcher that reads the same conditions', () => {
    const words = fc.constantFrom('a', 'b', 'ab', 'a.b', '"', '\\', '가', '')
    const matcher = fc.record({ name: fc.constantFrom('x', 'y'), operator: fc.constantFrom('=', '!=', '=~', '!~'), value: words })
    const filter = fc.record({ operator: fc.constantFrom('|=', '!=', '|~', '!~'), values: fc.array(words, { minLength: 1, maxLength: 3 }) })
    const labels = fc.record({ x: words, y: words })
    fc.assert(
      fc.property(fc.array(matcher), fc.array(filter), labels, fc.array(words), (matchers, filters, given, parts) => {
        const line = parts.join(' ')
        // Of regular expressions: a literal, which has to be the whole value of a label, and a part of the line.
        const escaped = (operator: string, text: string): string =>
          operator.endsWith('~') ? text.replaceAll(/[.\\]/g, String.raw`\$&`) : text
        const quoted = (text: string): string => (text.includes('"') ? `\`${text}\`` : JSON.stringify(text))
        const selector = `{${matchers.map(({ name, operator, value }) => name + operator + quoted(escaped(operator, value))).join(', ')}}`
        const text = `${selector} ${filters.map(({ operator, values }) => `${operator} ${values.map((value) => quoted(escaped(operator, value))).join(' or ')}`).join(' ')}`
        const expected =
          matchers.every(({ name, operator, value }) => (given[name] === value) === operator.startsWith('=')) &&
          filters.every(({ operator, values }) => values.some((value) => line.includes(value)) === operator.startsWith('|'))
        expect(selects(text, given, line)).toBe(expected)
      }),
      { numRuns: 300 },
    )
  })
})

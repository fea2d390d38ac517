import { expect, test } from 'vitest'

import { unquoteGo } from './go-string.ts'

test.each([
  [String.raw`"plain"`, 'plain'],
  [String.raw`"\a\b\f\n\r\t\v\\\"\'"`, '\u0007\b\f\n\r\t\v\\"\''],
  [String.raw`"\x41\101\u00e9\U0001f600"`, 'AAé😀'],
  ['"\\xc3\\xa9"', 'é'],
  ['"a\\😀"', undefined],
  ['`a\\n\r\nb`', 'a\\n\nb'],
  [String.raw`'\xe9'`, 'é'],
  [String.raw`'\''`, "'"],
  [String.raw`"\q"`, undefined],
  [String.raw`"\xg1"`, undefined],
  [String.raw`"\400"`, undefined],
  [String.raw`"\U00110000"`, undefined],
])('%s is %j', (literal, text) => {
  if (text === undefined) expect(() => unquoteGo(literal)).toThrow('unknown escape')
  else expect(unquoteGo(literal)).toBe(text)
})

import { expect, test } from 'vitest'

import { jsonPlace } from './json-place.ts'

test.each([
  ['', 'line 1, column 1'],
  ['\ufeff[]', 'line 1, column 1'],
  ['bogus', 'line 1, column 1'],
  ['[{"targets":', 'line 1, column 13'],
  ['[\n  {"targets": ["a:1"]},\n]', 'line 3, column 1'],
  ['[\n  {"targets": ["a:1"],}\n]', 'line 2, column 23'],
  ['[\n  {"targets" ["a:1"]}\n]', 'line 2, column 14'],
  ["[{'targets': []}]", 'line 1, column 3'],
  ['[{"targets": ["a:1" "b:1"]}]', 'line 1, column 21'],
  ['[{"targets": ["a:1"}]', 'line 1, column 20'],
  ['[]\n[]', 'line 2, column 1'],
  ['[{"a": 01}]', 'line 1, column 8'],
  ['["a\nb"]', 'line 1, column 2'],
  ['["\\x"]', 'line 1, column 2'],
  ['[1, -2.5e3, true, false, null, "\\u00e9\\n", {}, [], {"a": {"b": [0]}},\r\n\t nul]', 'line 2, column 3'],
  ['[{:}]', 'line 1, column 3'],
  ['}', 'line 1, column 1'],
])('%j stops being JSON at %s', (text, place) => {
  expect(() => JSON.parse(text) as unknown).toThrow('JSON')
  expect(jsonPlace(text)).toBe(place)
})

test('what is JSON is so up to its end, however deep or long', () => {
  const deep = `${'['.repeat(100_000)}\n${']'.repeat(100_000)}`
  expect(jsonPlace(deep)).toBe('line 2, column 100001')
  const long = JSON.stringify('x'.repeat(2_000_000))
  expect(jsonPlace(long)).toBe(`line 1, column ${long.length + 1}`)
})

import { expect, test } from 'vitest'

import { compare } from './compare.ts'

test.each<[name: string, expected: string, found: string, missing: number, more: number, text: string]>([
  ['nothing of both', '', '', 0, 0, ''],
  ['the same', 'a\nb\n', 'a\nb\n', 0, 0, ''],
  ['the same without the last line end', 'a\nb', 'a\nb\n', 0, 0, ''],
  ['the same with the line ends of Windows', 'a\r\nb\r\n', 'a\nb\n', 0, 0, ''],
  ['an empty line more', 'a\n', 'a\n\n', 0, 1, ' a\n+\n'],
  ['another line', 'a\nb\nc\n', 'a\nx\nc\n', 1, 1, ' a\n-b\n+x\n c\n'],
  ['nothing came', 'a\nb\n', '', 2, 0, '-a\n-b\n'],
  ['nothing was expected', '', 'a\n', 0, 1, '+a\n'],
  ['another order', 'a\nb\n', 'b\na\n', 1, 1, '-a\n b\n+a\n'],
  ['equal lines far away', '1\n2\n3\n4\n5\n6\n7\n8\n9\n', '2\n3\n4\n5\n6\n7\n8\n', 2, 0, '-1\n 2\n 3\n…\n 7\n 8\n-9\n'],
])('%s', (_name, expected, found, missing, more, text) => {
  expect(compare(expected, found)).toEqual({ missing, more, text })
})

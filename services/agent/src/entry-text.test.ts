import { expect, test } from 'vitest'

import { entryText } from './entry-text.ts'

test.each<[name: string, entry: Parameters<typeof entryText>[1], text: string]>([
  ['time, labels and line', { timestampNs: 1n, line: 'a\tb' }, '1970-01-01T00:00:00.000000001Z\t{app="x"}\ta\tb\n'],
  ['no metadata', { timestampNs: 0n, line: '', metadata: [] }, '1970-01-01T00:00:00Z\t{app="x"}\t\n'],
  ['metadata', { timestampNs: 0n, line: 'l', metadata: [['trace', '"t"']] }, '1970-01-01T00:00:00Z\t{app="x"} {trace="\\"t\\""}\tl\n'],
  ['no time', { timestampNs: undefined, line: 'l' }, '-\t{app="x"}\tl\n'],
])('%s', (_name, entry, text) => {
  expect(entryText([['app', 'x']], entry)).toBe(text)
})

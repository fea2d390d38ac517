import { expect, test } from 'vitest'

import { parseJournalEntry } from './journal-entry.ts'

const FRAME = '"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1704067200000001"'

test.each<[what: string, fields: string, expected: Readonly<Record<string, readonly string[]>>]>([
  ['text', '"MESSAGE":"a"', { MESSAGE: ['a'] }],
  ['sorted by name, without what tells of the place', '"B":"1","A":"2","__MONOTONIC_TIMESTAMP":"5"', { A: ['2'], B: ['1'] }],
  ['bytes', '"MESSAGE":[195,164,10]', { MESSAGE: ['ä\n'] }],
  ['bytes that are no UTF-8', '"MESSAGE":[255]', { MESSAGE: ['\uFFFD'] }],
  ['several', '"TAG":["a","b"]', { TAG: ['a', 'b'] }],
  ['several, some of them bytes', '"TAG":["a",[98,99],null]', { TAG: ['a', 'bc'] }],
  ['nothing that is shown', '"LONG":null,"NONE":[]', {}],
  ['other values', '"N":5,"O":{},"T":true', {}],
  ['a name of JavaScript', '"constructor":"a"', { constructor: ['a'] }],
])('%s', (_what, fields, expected) => {
  const entry = parseJournalEntry(`{${FRAME},${fields}}`)
  expect({ ...entry, fields: Object.fromEntries(entry.fields) }).toEqual({
    cursor: 's=1;i=2',
    realtimeUs: 1_704_067_200_000_001n,
    fields: expected,
  })
  expect([...entry.fields.keys()]).toEqual(Object.keys(expected))
})

test.each<[line: string, error: string | RegExp]>([
  ['', /JSON/],
  ['-- No entries --', /JSON/],
  [`{${FRAME},"MESSAGE":"cu`, /JSON/],
  ['null', 'expected an object'],
  ['[]', 'expected __CURSOR'],
  ['{"__REALTIME_TIMESTAMP":"1"}', 'expected __CURSOR'],
  ['{"__CURSOR":"a"}', 'expected microseconds as __REALTIME_TIMESTAMP'],
  ['{"__CURSOR":"a","__REALTIME_TIMESTAMP":"-1"}', 'expected microseconds as __REALTIME_TIMESTAMP'],
  ['{"__CURSOR":"a","__REALTIME_TIMESTAMP":1}', 'expected microseconds as __REALTIME_TIMESTAMP'],
])('%s is none', (line, error) => expect(() => parseJournalEntry(line)).toThrow(error))

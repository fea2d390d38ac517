import { expect, test } from 'vitest'

import { MAX_REASON_BYTES, noteHeaders, partHeaders, readNote, readPart, withoutNote, type LetterNote } from './letter-headers.ts'

const NOTE: LetterNote = {
  storage: 's',
  reason: 'why',
  status: 400,
  timeMs: 5000,
  cluster: 'c',
  position: 3,
  origin: { topic: 't', partition: 2, offset: 2n ** 62n, timestampMs: 7 },
}

test('what is noted is read', () => {
  expect(readNote(noteHeaders(NOTE), {}, 1)).toEqual(NOTE)
  const { status: _, origin: __, ...bare } = { ...NOTE, cluster: '' }
  expect(readNote(noteHeaders(bare), {}, 1)).toEqual(bare)
})

test.each<[change: Record<string, string>, expected: object]>([
  [{ 'clymene-dl-status': 'x' }, { status: undefined }],
  [{ 'clymene-dl-time': '-1' }, { timeMs: 1 }],
  [{ 'clymene-dl-position': '1e3' }, { position: 0 }],
  [{ 'clymene-dl-partition': '' }, { origin: undefined }],
  [{ 'clymene-dl-offset': '9'.repeat(40) }, { origin: undefined }],
  [{ 'clymene-dl-timestamp': 'soon' }, { origin: { ...NOTE.origin, timestampMs: 0 } }],
])('what is malformed counts as not there: %j', (change, expected) => {
  expect(readNote({ ...noteHeaders(NOTE), ...change }, {}, 1)).toEqual({ ...NOTE, ...expected })
})

test('no letter without a storage; the cluster may stand in the header of the message', () => {
  expect(readNote(undefined, {}, 1)).toBeUndefined()
  expect(readNote({ 'clymene-dl-reason': 'x' }, {}, 1)).toBeUndefined()
  expect(readNote({ 'clymene-dl-storage': 's' }, { cluster: 'own' }, 1)).toEqual({
    storage: 's',
    reason: '',
    timeMs: 1,
    cluster: 'own',
    position: 0,
  })
})

test.each([
  ['a'.repeat(2000), MAX_REASON_BYTES],
  ['é'.repeat(512), MAX_REASON_BYTES],
  [`a${'é'.repeat(2000)}`, MAX_REASON_BYTES - 1],
  [`${'a'.repeat(1022)}😀`, 1022],
])('a long reason is cut between characters', (reason, bytes) => {
  const cut = noteHeaders({ ...NOTE, reason })['clymene-dl-reason'] ?? ''
  expect(Buffer.byteLength(cut)).toBe(bytes)
  expect(reason.startsWith(cut)).toBe(true)
})

test.each<[part: string | undefined, expected: object | undefined]>([
  ['2/4', { id: 'i', number: 2, count: 4 }],
  ['0/0', { id: 'i', number: 0, count: 0 }],
  ['2', undefined],
  ['2/4/', undefined],
  ['99999/4', undefined],
  ['-1/4', undefined],
  [undefined, undefined],
])('the part %j', (part, expected) => {
  expect(readPart(part === undefined ? {} : { 'clymene-dl-part': part, 'clymene-dl-id': 'i' })).toEqual(expected)
})

test('what a letter says of itself is taken off, and nothing else', () => {
  const all = { ...noteHeaders(NOTE), ...partHeaders({ id: 'i', number: 1, count: 2 }), own: 'x' }
  expect(withoutNote(all)).toEqual({ own: 'x' })
  expect(withoutNote(noteHeaders(NOTE))).toBeUndefined()
  expect(withoutNote(undefined)).toBeUndefined()
})

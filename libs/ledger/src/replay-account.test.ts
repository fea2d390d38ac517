import { zstdCompressSync } from 'node:zlib'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  decodeReplayState,
  encodeReplayState,
  isReplayState,
  replayAccountsOf,
  replayStateName,
  type ReplayState,
} from './replay-account.ts'

const STATE: ReplayState = {
  kind: 'logs',
  storage: 'loki',
  topic: 'clymene-logs',
  clusters: [
    { cluster: '__proto__', replayed: { messages: 2, records: 30 }, refused: { messages: 1, records: 4 } },
    { cluster: '', replayed: { messages: 0, records: 0 }, refused: { messages: 1, records: 1 } },
  ],
  sent: [{ partition: 0, from: 3n, to: 9_007_199_254_740_993n, minMs: 1000, maxMs: 2000 }],
  refused: [],
}

test('a state is what was saved', () => {
  expect(decodeReplayState(encodeReplayState(STATE))).toEqual(STATE)
})

test('whatever the ranges are', () => {
  const range = fc
    .record({ partition: fc.nat(), from: fc.bigInt(0n, 2n ** 62n), length: fc.bigInt(1n, 1000n), minMs: fc.nat(), maxMs: fc.nat() })
    .map(({ length, from, ...rest }) => ({ ...rest, from, to: from + length }))
  fc.assert(
    fc.property(fc.array(range), fc.array(range), (sent, refused) => {
      const state = { ...STATE, sent, refused }
      expect(decodeReplayState(encodeReplayState(state))).toEqual(state)
    }),
    { numRuns: 50 },
  )
})

test('it is found by its name among the books', () => {
  expect(replayStateName('loki', 'clymene-logs')).toBe('replay/loki/clymene-logs')
  expect(['replay/loki/clymene-logs', 'clymene-loki-clymene-logs/clymene-logs/0'].map(isReplayState)).toEqual([true, false])
})

test('the report has an account for each cluster', () => {
  expect(replayAccountsOf(STATE)).toEqual([
    { kind: 'logs', storage: 'loki', topic: 'clymene-logs', ...STATE.clusters[0] },
    { kind: 'logs', storage: 'loki', topic: 'clymene-logs', ...STATE.clusters[1] },
  ])
})

describe('a state that is damaged is refused with a reason', () => {
  const json = (change: object): Buffer =>
    zstdCompressSync(JSON.stringify({ version: 1, kind: 'logs', storage: 's', topic: 't', clusters: [], sent: [], refused: [], ...change }))

  test('that one is whole', () => {
    expect(decodeReplayState(json({}))).toEqual({ kind: 'logs', storage: 's', topic: 't', clusters: [], sent: [], refused: [] })
  })

  test.each<[name: string, state: Buffer, reason: RegExp]>([
    ['no bytes', Buffer.alloc(0), /damaged/],
    ['other bytes', Buffer.from('garbage'), /damaged/],
    ['cut', encodeReplayState(STATE).subarray(0, -3), /damaged/],
    ['a list', zstdCompressSync('[]'), /version undefined, expected 1/],
    ['null', zstdCompressSync('null'), /state: expected an object/],
    ['of a later version', json({ version: 2 }), /version 2, expected 1/],
    ['another kind', json({ kind: 'traces' }), /kind: expected metrics or logs/],
    ['a storage that is no text', json({ storage: 1 }), /storage: expected a text/],
    ['clusters that are no list', json({ clusters: {} }), /clusters: expected a list/],
    ['a count below 0', json({ clusters: [{ cluster: '', replayed: { messages: -1, records: 0 }, refused: {} }] }), /messages: expected/],
    ['a range that is no list', json({ sent: ['x'] }), /range: expected a list/],
    ['an offset that is no number', json({ sent: [[0, 'x', '2', 0, 0]] }), /offset: expected/],
    ['offsets that fall', json({ refused: [[0, '2', '2', 0, 0]] }), /range: expected offsets that rise/],
    ['a time that is none', json({ refused: [[0, '1', '2', 'x', 0]] }), /time: expected a number/],
  ])('%s', (_name, state, reason) => {
    expect(() => decodeReplayState(state)).toThrow(reason)
  })
})

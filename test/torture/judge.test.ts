import { describe, expect, test } from 'vitest'

import type { Interruption } from './agent.ts'
import { judge, type Evidence, type Verdict } from './judge.ts'
import type { Generation, WrittenLine } from './log-file.ts'
import type { Arrival } from './recorder.ts'

/** Five lines of one file, of ten bytes each. */
function written(of: Partial<Generation> = {}, windowFrom = Infinity): Evidence['written'] {
  const generation: Generation = { path: '/logs/app.log', inode: 7, at: '/logs/app.log', lines: [], ...of }
  for (let number = 1; number <= 5; number++) {
    const line: WrittenLine = { lane: '0', number, bytes: 10, atMs: number, generation, inWindow: number >= windowFrom }
    generation.lines.push(line)
  }
  return new Map([['0', generation.lines]])
}

/** Numbers of the lines of a message, when it came, and what was answered. */
const arrival = (numbers: readonly number[], atMs: number, more: Partial<Arrival> = {}): Arrival => ({
  atMs,
  message: `s 1/${atMs}`,
  epoch: 1,
  entries: numbers.map((number) => ({ lane: '0', number, timestampNs: BigInt(number) })),
  bytes: 10,
  answered: true,
  ...more,
})

const verdictOn = (evidence: Partial<Evidence>): Verdict =>
  judge({ written: written(), arrivals: [], interruptions: [], storeKnowsRepeats: false, ...evidence })
const findingsOf = (evidence: Partial<Evidence>): readonly string[] =>
  verdictOn(evidence).findings.map(({ what, from, to }) => `${what} ${from}–${to}`)

const kill = (atMs: number, savedMs: number): Interruption => ({ kind: 'kill', atMs, savedMs, untilMs: atMs + 500 })
const LOST = { answered: false }

describe('what is found', () => {
  test.each<[name: string, evidence: Partial<Evidence>, findings: readonly string[]]>([
    ['all of it, in order', { arrivals: [arrival([1, 2, 3], 10), arrival([4, 5], 20)] }, []],
    [
      'a message that comes again is the same',
      { arrivals: [arrival([1, 2, 3, 4, 5], 10, LOST), arrival([1, 2, 3, 4, 5], 20, { message: 's 1/10' })] },
      [],
    ],
    ['nothing has come', {}, ['missing 1–5']],
    ['one is not there', { arrivals: [arrival([1, 2, 4, 5], 10)] }, ['missing 3–3']],
    ['an earlier one comes later', { arrivals: [arrival([1, 4, 5], 10), arrival([2, 3], 20)] }, ['order 2–3']],
    ['one twice', { arrivals: [arrival([1, 2, 3], 10), arrival([3, 4, 5], 20)] }, ['repeated 3–3']],
    ['one that nobody wrote', { arrivals: [arrival([1, 2, 3, 4, 5, 6], 10)] }, ['strange 6–6']],
    [
      'read again after a kill',
      { arrivals: [arrival([1, 2, 3], 9000), arrival([2, 3, 4, 5], 11_000)], interruptions: [kill(10_000, 9500)] },
      [],
    ],
    [
      'read again after a kill, though positions were saved long after',
      { arrivals: [arrival([1, 2, 3], 2000), arrival([2, 3, 4, 5], 11_000)], interruptions: [kill(10_000, 9500)] },
      ['repeated 2–3'],
    ],
    [
      'read again twice in one life after a kill',
      { arrivals: [arrival([1, 2], 9900), arrival([1, 2, 3], 11_000), arrival([3, 4, 5], 11_100)], interruptions: [kill(10_000, 9500)] },
      ['repeated 3–3'],
    ],
    [
      'sent again after a stop, as nobody had said what became of it',
      { arrivals: [arrival([1, 2], 10, LOST), arrival([1, 2, 3, 4, 5], 40)], interruptions: [{ kind: 'restart', atMs: 20, untilMs: 30 }] },
      [],
    ],
    [
      'sent again after a stop, though it was acknowledged',
      { arrivals: [arrival([1, 2], 10), arrival([1, 2, 3, 4, 5], 40)], interruptions: [{ kind: 'restart', atMs: 20, untilMs: 30 }] },
      ['repeated 1–2'],
    ],
    [
      'standing still is no reason',
      { arrivals: [arrival([1, 2], 10, LOST), arrival([1, 2, 3, 4, 5], 40)], interruptions: [{ kind: 'pause', atMs: 20, untilMs: 30 }] },
      ['repeated 1–2'],
    ],
    ['a store knows an entry by its time', { arrivals: [arrival([1, 2, 3, 4, 5], 10), arrival([4, 5], 20)], storeKnowsRepeats: true }, []],
  ])('%s', (_name, evidence, findings) => {
    expect(findingsOf(evidence)).toEqual(findings)
  })
})

describe('what copytruncate and deletion take away', () => {
  const cut = written({ truncatedMs: 50 }, 5)
  test.each<[name: string, evidence: Partial<Evidence>, counts: object, findings: readonly string[]]>([
    ['the window', { written: cut, arrivals: [arrival([1, 2, 3, 4], 10)] }, { window: { lines: 1, bytes: 10 } }, []],
    ['not the end: it is in the copy', { written: cut, arrivals: [arrival([1, 2], 10)] }, { window: { lines: 1 } }, ['missing 3–4']],
    ['not the middle', { written: cut, arrivals: [arrival([1, 2, 4], 10)] }, { window: { lines: 1 } }, ['missing 3–3']],
    ['not the beginning', { written: cut, arrivals: [arrival([4, 5], 10)] }, {}, ['missing 1–3']],
    [
      'a file that was deleted before the agent ended',
      { written: written({ deletedMs: 50 }), arrivals: [arrival([1, 2], 10)], interruptions: [kill(60, 55)] },
      { deleted: { lines: 3, bytes: 30 } },
      [],
    ],
    ['not one that the agent could read on', { written: written({ deletedMs: 50 }), arrivals: [arrival([1, 2], 10)] }, {}, ['missing 3–5']],
  ])('%s', (_name, evidence, counts, findings) => {
    const verdict = verdictOn(evidence)
    expect(verdict.findings.map(({ what, from, to }) => `${what} ${from}–${to}`)).toEqual(findings)
    expect(verdict.counts).toMatchObject(counts)
  })
})

test('repeats are counted by kill', () => {
  const arrivals = [arrival([1, 2], 900), arrival([2], 1100), arrival([2, 3], 2100), arrival([4, 5], 2200)]
  const { repeatsOfKills } = verdictOn({ arrivals, interruptions: [kill(1000, 900), kill(2000, 900)] }).counts
  expect(repeatsOfKills).toEqual([1, 1])
})

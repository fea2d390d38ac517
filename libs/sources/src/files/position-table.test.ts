import { describe, expect, test } from 'vitest'

import { fingerprintOf } from './fingerprint.ts'
import { createPositionTable, type PositionTable } from './position-table.ts'
import type { Position } from './positions.ts'

const head = (text: string): Buffer => Buffer.from(text)

function position(text: string, more: Partial<Position> = {}): Position {
  const bytes = head(text)
  return {
    job: 'j',
    path: '/logs/app.log',
    device: '1',
    inode: '7',
    fingerprint: fingerprintOf(bytes),
    fingerprintBytes: bytes.length,
    offset: bytes.length,
    replayFrom: bytes.length,
    size: bytes.length,
    seenMs: 1,
    ...more,
  }
}
const tableOf = (files: readonly Position[]): PositionTable =>
  createPositionTable({ files, offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs: 1 }, 1)
const textsOf = (table: PositionTable): readonly string[] => table.ofPath('j', '/logs/app.log').map(({ fingerprint }) => fingerprint)
const open = (text: string) => ({ job: 'j', path: '/logs/app.log', device: '1', inode: '7', head: head(text), size: text.length })

const [OLD, NEW] = ['old text\n', 'new text\n']
const BOTH = [fingerprintOf(head(OLD)), fingerprintOf(head(NEW))].toSorted()

describe('an inode that is used again', () => {
  test.each<[name: string, table: () => PositionTable]>([
    ['a position in the place of another', () => tableOf([position(OLD), position(NEW)])],
    [
      'a position in the place of a file that was let go, of another length',
      () => tableOf([position(OLD, { closed: true }), position(NEW)]),
    ],
  ])('%s: both texts are known, also after the next start', (_name, make) => {
    const table = make()
    expect(textsOf(table).toSorted()).toEqual(BOTH)
    expect(table.peek('j', { device: '1', inode: '7' })?.fingerprint).toBe(fingerprintOf(head(NEW)))
    const again = tableOf([...table.all()])
    expect(textsOf(again).toSorted()).toEqual(BOTH)
  })

  test('a file that begins otherwise is read from its start, and the text that was there stays known', () => {
    const table = tableOf([position(OLD)])
    expect(table.resume(open(NEW))).toBeUndefined()
    expect(textsOf(table)).toEqual([fingerprintOf(head(OLD))])
    expect(table.peek('j', { device: '1', inode: '7' })).toBeUndefined()
  })

  test('by a longer file of another path: what was there stays known', () => {
    const table = tableOf([position(OLD), position(`longer ${NEW}`, { path: '/logs/other.log' })])
    expect(textsOf(table)).toEqual([fingerprintOf(head(OLD))])
  })

  test('what is known without a place can be forgotten', () => {
    const table = tableOf([position(OLD), position(NEW)])
    for (const one of table.ofPath('j', '/logs/app.log')) table.remove(one)
    expect([...table.all()]).toEqual([])
  })
})

describe('one file', () => {
  test('that has grown has one position', () => {
    const table = tableOf([position('old'), position(OLD)])
    expect(textsOf(table)).toEqual([fingerprintOf(head(OLD))])
  })

  test('goes on where it was left, and is the open file’s from then on', () => {
    const table = tableOf([position(OLD)])
    expect(table.resume(open(`${OLD}more\n`))).toEqual({ offset: OLD.length, replayFrom: OLD.length })
    expect([...table.all()]).toEqual([])
  })
})

test('what Promtail left is given to each job once, and kept until one has it', () => {
  const offsets = new Map([['/logs/app.log', 7]])
  const table = createPositionTable({ files: [], offsets, offsetsMs: 5, others: new Map(), searchedMs: 1 }, 1)
  table.takeOffset('a', '/logs/other.log')
  expect(table.others().offsets).toEqual(offsets)
  table.takeOffset('a', '/logs/app.log')
  expect(['a', 'b'].map((job) => table.leftOffset(job, '/logs/app.log')?.offset)).toEqual([undefined, 7])
  expect(table.others().offsets).toEqual(new Map())
})

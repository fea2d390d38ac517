import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { createSequenceStore, type SequenceStore } from './sequence-store.ts'
import { temporaryDirectory } from './test-kit.ts'

const take = (store: SequenceStore, key: string, count: number): number[] => Array.from({ length: count }, () => store.next(key))

describe('createSequenceStore', () => {
  test('counts each key by one, over the ends of blocks', () => {
    const store = createSequenceStore(temporaryDirectory(), { blockSize: 3 })
    expect(take(store, 'a', 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(take(store, '__proto__', 2)).toEqual([0, 1])
    expect(take(store, 'a', 1)).toEqual([8])
  })

  test('goes on without a gap after a clean close, in a new epoch', () => {
    const directory = temporaryDirectory()
    const first = createSequenceStore(directory, { now: () => 1000 })
    expect([first.epoch, ...take(first, 'a', 3)]).toEqual([1000, 0, 1, 2])
    first.close()
    const second = createSequenceStore(directory, { now: () => 2000 })
    expect([second.epoch, ...take(second, 'a', 2)]).toEqual([2000, 3, 4])
    expect(take(second, 'b', 1)).toEqual([0])
  })

  test('shows a gap after anything else', () => {
    const directory = temporaryDirectory()
    take(createSequenceStore(directory, { blockSize: 100 }), 'a', 101)
    expect(createSequenceStore(directory, { blockSize: 100 }).next('a')).toBe(200)
    expect(createSequenceStore(directory, { blockSize: 100 }).next('a')).toBe(300)
  })

  test('never gives an epoch again, also when the clock goes back', () => {
    const directory = temporaryDirectory()
    const epochs = [1000, 1000, 500, 3000, 2999].map((now) => createSequenceStore(directory, { now: () => now }).epoch)
    expect(epochs).toEqual([1000, 1001, 1002, 3000, 3001])
  })

  test('a key that made room for others goes on above its old numbers', () => {
    const directory = temporaryDirectory()
    const store = createSequenceStore(directory, { blockSize: 10, maxKeys: 2 })
    expect([...take(store, 'a', 2), ...take(store, 'b', 1), ...take(store, 'c', 1)]).toEqual([0, 1, 0, 10])
    expect(store.next('a')).toBe(10)
    store.close()
    const again = createSequenceStore(directory, { blockSize: 10, maxKeys: 2 })
    expect(again.next('b')).toBeGreaterThanOrEqual(10)
  })

  test('a number that cannot be reserved is not given, and is given later', () => {
    const directory = temporaryDirectory()
    const store = createSequenceStore(directory, { blockSize: 2 })
    expect(take(store, 'a', 2)).toEqual([0, 1])
    mkdirSync(join(directory, 'sequences.json.new'))
    expect(() => store.next('a')).toThrow('EISDIR')
    expect(() => store.next('b')).toThrow('EISDIR')
    rmSync(join(directory, 'sequences.json.new'), { recursive: true })
    expect(take(store, 'a', 2)).toEqual([2, 3])
    expect(take(store, 'b', 1)).toEqual([0])
  })

  test('gives nothing after the close', () => {
    const store = createSequenceStore(temporaryDirectory(), { blockSize: 1 })
    store.close()
    store.close()
    expect(() => store.next('a')).toThrow('is closed')
  })

  const damaged = [
    '',
    '{}',
    '[]',
    '{"epoch":-1,"floor":0,"keys":[]}',
    '{"epoch":1,"floor":0,"keys":[["a"]]}',
    '{"epoch":1,"floor":0,"keys":[[1,2]]}',
  ]
  test.each(damaged)('refuses a file with %j', (text) => {
    const directory = temporaryDirectory()
    writeFileSync(join(directory, 'sequences.json'), text)
    expect(() => createSequenceStore(directory)).toThrow(/sequences\.json: expected \{"epoch"/)
  })
})

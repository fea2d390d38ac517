import { existsSync, writeFileSync } from 'node:fs'

import { silentLogger } from '@clymene/runtime'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { loadPositions, type Position, savePositions, type StoredPositions } from './positions.ts'
import { positionsOfReader, positionsToReadOf, settlePositions } from './reader-positions.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'
import { createSlowestPositions } from './slowest-positions.ts'

/** How many changes to files may yet be made before the process is killed. */
const life = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }))
/** Codes of errors by the path that gives them. */
const unreadable = vi.hoisted(() => new Map<unknown, string>())
vi.mock(import('node:fs/promises'), async (original) => {
  const fs = await original()
  const mortal = <F extends object>(act: F): F =>
    new Proxy(act, {
      apply: (target, self, args: readonly unknown[]): unknown => {
        if (life.left-- <= 0) throw new Error('killed')
        return Reflect.apply(Object(target), self, args)
      },
    })
  const readFile = new Proxy(fs.readFile, {
    apply: async (target, self, args: readonly unknown[]): Promise<unknown> => {
      const code = unreadable.get(args[0])
      if (code !== undefined) throw Object.assign(new Error(code), { code })
      return Reflect.apply(Object(target), self, args)
    },
  })
  return { ...fs, readFile, rename: mortal(fs.rename), rm: mortal(fs.rm), link: mortal(fs.link) }
})

let folder: TestFolder
let path: string
beforeEach(() => {
  folder = createTestFolder()
  path = folder.path('positions.yaml')
})
afterEach(() => {
  life.left = Number.POSITIVE_INFINITY
  unreadable.clear()
  folder.remove()
})

const at = (offset: number, searchedMs: number): StoredPositions => {
  const file: Position = {
    job: 'j',
    path: '/a.log',
    device: '1',
    inode: '2',
    fingerprint: 'f',
    fingerprintBytes: 9,
    offset,
    replayFrom: offset,
    size: offset,
    seenMs: 1,
  }
  return { files: [file], offsets: new Map(), offsetsMs: undefined, others: new Map(), searchedMs }
}
const offsetIn = async (...paths: readonly string[]): Promise<number | undefined> => {
  const { files, offsets } = await loadPositions(paths, silentLogger)
  return files[0]?.offset ?? offsets.get('/a.log')
}

type Run = {
  readonly readers: readonly string[]
  /** Changes to files before it is killed; of those that it lives through the last are the start's. */
  readonly life?: number
  /** Readers that write positions before the kill. */
  readonly writing?: number
}

/** Runs of the agent one after the other. What each reader has acknowledged, and where it began. */
function createRuns() {
  const acknowledged = new Map<string, number>()
  let clockMs = 1000
  return async ({ readers, life: left = Number.POSITIVE_INFINITY, writing = readers.length }: Run): Promise<void> => {
    life.left = left
    const isKilled = await settlePositions(path, readers, silentLogger).then(
      () => false,
      () => true,
    )
    life.left = Number.POSITIVE_INFINITY
    if (isKilled) return
    const slowest = createSlowestPositions(path, readers)
    const begins = await Promise.all(
      readers.map((reader) => (readers.length === 1 ? offsetIn(path) : offsetIn(positionsOfReader(path, reader), path))),
    )
    for (const [index, reader] of readers.entries()) {
      const begin = begins[index] ?? 0
      expect({ reader, begin }).toEqual({ reader, begin: acknowledged.get(reader) ?? begin })
      // Who was never heard of is new the next time, too.
      if (index >= writing) continue
      const now = begin + index + 1
      const positions = { ...at(now, (clockMs += 1000)), readers: [reader] }
      await savePositions(readers.length === 1 ? path : positionsOfReader(path, reader), positions)
      acknowledged.set(reader, now)
      if (readers.length > 1) await slowest.note(reader, positions)
    }
  }
}

const [A, B] = [['a'], ['b']]
const [AB, BC] = [
  ['a', 'b'],
  ['b', 'c'],
]
describe('no reader begins elsewhere than where it stopped', () => {
  test.each<[runs: readonly (readonly string[])[]]>([
    [[A, AB, A, AB]],
    [[AB, A, AB, B, AB]],
    [[A, B, A, B]],
    [[A, B, AB, A]],
    [[AB, A, B, A, AB]],
    [[A, BC, A, BC, AB]],
  ])('%j', async (runs) => {
    expect.hasAssertions()
    const run = createRuns()
    for (const readers of runs) await run({ readers })
  })

  test('in any order, whenever the process is killed', async () => {
    const runs = fc.array(
      fc.record(
        { readers: fc.subarray(['a', 'b', 'c'], { minLength: 1 }), life: fc.nat({ max: 9 }), writing: fc.nat({ max: 3 }) },
        { requiredKeys: ['readers'] },
      ),
      { minLength: 2, maxLength: 7 },
    )
    await fc.assert(
      fc
        .asyncProperty(runs, async (all) => {
          const run = createRuns()
          for (const each of all) await run(each)
        })
        .afterEach(() => {
          folder.remove()
          folder = createTestFolder()
          path = folder.path('positions.yaml')
        }),
      { numRuns: 25 },
    )
  })
})

describe('somebody else wrote the file since', () => {
  test.each<[who: string, write: () => Promise<void>, alone: number, beside: number]>([
    ['Promtail', async () => writeFileSync(path, 'positions:\n  /a.log: "50"\n'), 50, 7],
    ['a version that does not say who reads, alone', () => savePositions(path, at(50, 9000)), 50, 7],
    ['a version that does not say who reads, with several', () => savePositions(path, at(5, 500)), 7, 7],
  ])('%s', async (_who, write, alone, beside) => {
    await savePositions(positionsOfReader(path, 'a'), at(7, 1000))
    await write()
    await settlePositions(path, AB, silentLogger)
    expect(await offsetIn(positionsOfReader(path, 'a'), path)).toBe(beside)
    expect(await offsetIn(await positionsToReadOf(path, 'a', true))).toBe(alone)
    await settlePositions(path, A, silentLogger)
    expect(await offsetIn(path)).toBe(alone)
    expect(existsSync(positionsOfReader(path, 'a'))).toBe(false)
  })
})

describe('positions of a reader that are broken: those before them count, and do not come back', () => {
  test.each<[text: string, backup: number | undefined, expected: number]>([
    ['positions: {', 7, 7],
    ['', 7, 7],
    ['\0\0', 7, 7],
    ['positions: {', undefined, 3],
    ['', undefined, 3],
    ['\0\0', undefined, 3],
  ])('%j, and %j before', async (text, backup, expected) => {
    const own = positionsOfReader(path, 'a')
    await savePositions(path, { ...at(3, 500), readers: AB })
    if (backup !== undefined) await savePositions(own, at(backup, 1000))
    await savePositions(own, at(9, 2000))
    writeFileSync(own, text)
    expect(await offsetIn(await positionsToReadOf(path, 'a', true))).toBe(expected)
    await settlePositions(path, A, silentLogger)
    expect(await offsetIn(path)).toBe(expected)
    expect([own, `${own}.bak`].map((file) => existsSync(file))).toEqual([false, false])
  })
})

test.each(['EACCES', 'EIO'])('%s of positions of a reader: nothing is changed, and it does not begin', async (code) => {
  const own = positionsOfReader(path, 'a')
  await savePositions(path, { ...at(3, 500), readers: AB })
  await savePositions(own, at(9, 2000))
  unreadable.set(own, code)
  await expect(settlePositions(path, A, silentLogger)).rejects.toMatchObject({ code })
  unreadable.clear()
  expect([await offsetIn(path), await offsetIn(own)]).toEqual([3, 9])
})

test('nothing is written where nothing is to be moved', async () => {
  life.left = 0
  await settlePositions(path, A, silentLogger)
  await settlePositions(path, AB, silentLogger)
  life.left = Number.POSITIVE_INFINITY
  await savePositions(path, { ...at(3, 500), readers: A })
  life.left = 0
  await settlePositions(path, A, silentLogger)
  expect(await offsetIn(path)).toBe(3)
})

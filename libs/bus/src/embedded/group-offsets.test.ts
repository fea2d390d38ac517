import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openGroupOffsets, type GroupOffsets } from './group-offsets.ts'
import { openLogFile } from './segment-file.ts'
import { temporaryDirectory } from './test-kit.ts'

const open = (directory: string): Promise<GroupOffsets> =>
  openGroupOffsets(directory, { syncCommits: true, open: openLogFile, now: Date.now })

describe('group offsets', () => {
  test('are there again, whatever the names', async () => {
    const directory = temporaryDirectory()
    const names = ['g', '__proto__', '../up', 'a/b', '.', 'ü ber', 'x-1.offset', 'constructor']
    const offsets = await open(directory)
    for (const [index, name] of names.entries()) {
      await offsets.commit(name, name, 0, index)
      await offsets.commit(name, name, 12, 2 ** 50 + index)
    }
    await offsets.close()
    expect(readdirSync(join(directory, '..')).filter((name) => name === 'up')).toEqual([])
    const again = await open(directory)
    for (const [index, name] of names.entries()) {
      expect([again.committed(name, name, 0), again.committed(name, name, 12)]).toEqual([index, 2 ** 50 + index])
      expect(again.committed(name, name, 1)).toBeUndefined()
      expect(again.groups(name)).toEqual([name])
    }
    expect(again.committed('g', 'constructor', 0)).toBeUndefined()
    await again.close()
  })

  test.each(['', 'x'.repeat(241), 'ä'.repeat(41)])('a name that no file can have is refused: %j', async (name) => {
    const offsets = await open(temporaryDirectory())
    await expect(offsets.commit(name, 't', 0, 0)).rejects.toThrow('as name of a topic or group: expected 1 to 240 characters')
    await offsets.close()
  })

  test('a torn commit leaves the one before', async () => {
    const directory = temporaryDirectory()
    const offsets = await open(directory)
    for (const offset of [5, 6, 7]) await offsets.commit('g', 't', 0, offset)
    await offsets.close()
    const path = join(directory, 'g', 't-0.offset')
    const whole = readFileSync(path)
    const newest = 4096
    for (let at = 0; at < 20; at++) {
      const torn = Buffer.from(whole)
      torn[newest + at] = (torn[newest + at] ?? 0) ^ 0xff
      writeFileSync(path, torn)
      const again = await open(directory)
      expect(again.committed('g', 't', 0)).toBe(6)
      await again.close()
    }
  })

  test('a file that was being made is of a group that is new', async () => {
    const directory = temporaryDirectory()
    const offsets = await open(directory)
    await offsets.commit('g', 't', 0, 5)
    await offsets.close()
    const path = join(directory, 'g', 't-0.offset')
    for (const length of [0, 19, 20, 4116]) {
      writeFileSync(path, Buffer.alloc(4116))
      truncateSync(path, length)
      const again = await open(directory)
      expect(again.committed('g', 't', 0)).toBeUndefined()
      await again.commit('g', 't', 0, 9)
      await again.close()
      expect((await closing(open(directory))).committed('g', 't', 0)).toBe(9)
    }
  })

  test('a group that was forgotten is new', async () => {
    const directory = temporaryDirectory()
    const offsets = await open(directory)
    await offsets.commit('g', 't', 0, 5)
    await offsets.commit('g', 'u', 0, 6)
    await offsets.forget('g', 't')
    expect([offsets.committed('g', 't', 0), offsets.committed('g', 'u', 0)]).toEqual([undefined, 6])
    await offsets.close()
    const again = await closing(open(directory))
    expect([again.committed('g', 't', 0), again.committed('g', 'u', 0)]).toEqual([undefined, 6])
  })
})

async function closing(opening: Promise<GroupOffsets>): Promise<GroupOffsets> {
  const offsets = await opening
  await offsets.close()
  return offsets
}

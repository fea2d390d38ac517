import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { cached, makeCached, withLock } from './cache.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'clymene-cache-'))
  vi.stubEnv('XDG_CACHE_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

test('the cache is where XDG_CACHE_HOME says', () => {
  expect(cached('a', 'b')).toBe(join(home, 'clymene-engines/a/b'))
})

test('what is made appears whole, in place of what was there', async () => {
  for (const text of ['old', 'new']) {
    await makeCached('bin/it', async (path) => writeFileSync(path, text))
  }
  expect(readFileSync(cached('bin/it'), 'utf8')).toBe('new')
  expect(readdirSync(cached('bin'))).toEqual(['it'])
})

test('what fails half-way leaves nothing', async () => {
  const broken = makeCached('bin/it', async (path) => {
    writeFileSync(path, 'half')
    throw new Error('disk full')
  })
  await expect(broken).rejects.toThrow('disk full')
  expect(readdirSync(cached('bin'))).toEqual([])
  expect(existsSync(cached('bin/it'))).toBe(false)
})

// flock(1) is Linux's; engines are installed nowhere else.
test.skipIf(process.platform !== 'linux')('a lock lets one in at a time, also after one that failed', async () => {
  let inside = 0
  const work = async (outcome: 'resolve' | 'reject'): Promise<void> => {
    inside += 1
    expect(inside).toBe(1)
    await new Promise((resolve) => setImmediate(resolve))
    inside -= 1
    if (outcome === 'reject') throw new Error('as asked')
  }
  const outcomes = await Promise.allSettled((['resolve', 'reject', 'resolve'] as const).map((how) => withLock('it', () => work(how))))
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
})

test('free ports are below those that the system gives to clients, and each is given once', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()))
  expect(new Set(ports).size).toBe(50)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})

import { mkdirSync, renameSync, symlinkSync } from 'node:fs'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createOwnState } from './own-state.ts'
import { createTestFolder, jobOf, startSource, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
const told: unknown[] = []
const logger = { ...silentLogger, info: (_: string, fields?: Readonly<Record<string, unknown>>) => void told.push(fields?.['path']) }
beforeEach(() => {
  folder = createTestFolder()
  told.length = 0
  for (const name of ['buffer', 'buffer/topics', 'buffered', 'other']) mkdirSync(folder.path(name))
})
afterEach(() => folder.remove())

const stateOf = () => createOwnState({ files: [folder.path('positions')], folders: [folder.path('buffer'), folder.path('none')], logger })

describe('own', () => {
  test.each<[path: string, isOwn: boolean]>([
    ['positions', true],
    ['positions.bak', true],
    ['positions.bak.tmp', true],
    ['positions.tmp', true],
    ['positions.lock', true],
    ['positions.lock.stale.1b2c', true],
    ['positions.log', false],
    ['positions-bak', false],
    ['my-positions', false],
    ['other/positions', false],
    ['buffer/topics/0.log', true],
    ['buffer/lock', true],
    ['buffer/not/there/yet', true],
    ['buffer', false],
    ['buffered/0.log', false],
    ['app.log', false],
  ])('%s: %s', (path, isOwn) => {
    const state = stateOf()
    state.search()
    expect(state.has(folder.path(path))).toBe(isOwn)
  })

  test('a folder is known by itself, not by its name, from one search to the next', () => {
    const state = stateOf()
    state.search()
    renameSync(folder.path('buffer'), folder.path('moved'))
    expect(state.has(folder.path('moved/0.log'))).toBe(true)
    mkdirSync(folder.path('buffer'))
    state.search()
    expect(['moved/0.log', 'buffer/0.log'].map((path) => state.has(folder.path(path)))).toEqual([false, true])
  })

  test('each file and folder is told once', () => {
    const state = stateOf()
    state.search()
    for (const path of ['positions', 'positions.bak', 'buffer/0.log', 'buffer/topics/1.log', 'app.log']) state.has(folder.path(path))
    expect(told).toEqual([folder.path('positions'), folder.path('buffer')])
  })
})

test('positions that a glob finds are not read, however often they are written', async () => {
  folder.append('a.log', 'one\n')
  folder.append('buffer/topics/0.log', 'kept\n')
  symlinkSync(folder.path('buffer/topics/0.log'), folder.path('link.log'))
  const source = startSource(folder, [jobOf('j', { __path__: folder.path('**') })], { ownFolders: [folder.path('buffer')], logger })
  const POLL = { timeout: 10_000, interval: 5 }
  for (const line of ['two', 'three', 'four', 'five']) {
    const { length } = source.sent
    folder.append('a.log', `${line}\n`)
    await expect.poll(() => source.sent.length, POLL).toBeGreaterThan(length)
    await expect.poll(() => told.includes(folder.path('positions.yaml')), POLL).toBe(true)
  }
  await source.stop()
  expect(source.texts()).toEqual(['one', 'two', 'three', 'four', 'five'])
})

describe('a folder of its own that logs are in', () => {
  test.each<[what: string, glob: string, isTold: boolean]>([
    ['is where the glob begins', 'buffer/**/*.log', true],
    ['is above it', 'buffer/topics/*.log', true],
    ['is above a path', 'buffer/topics/0.log', true],
    ['is below where it begins', '**/*.log', false],
    ['is one of several', '{buffer,other}/**', false],
  ])('%s (%s): the target says why: %s', async (_what, glob, isTold) => {
    folder.append('buffer/topics/0.log', 'kept\n')
    const warnings: unknown[] = []
    const warn = (_: string, fields?: Readonly<Record<string, unknown>>) => void warnings.push(fields?.['path'])
    const options = { ownFolders: [folder.path('buffer')], logger: { ...logger, warn } }
    const source = startSource(folder, [jobOf('j', { __path__: folder.path(glob) })], options)
    await expect.poll(() => told, { timeout: 10_000, interval: 5 }).toContain(folder.path('buffer'))
    const error = isTold ? expect.stringContaining('nothing below it is read') : undefined
    await expect.poll(() => source.targets()[0]?.error, { timeout: 10_000, interval: 5 }).toEqual(error)
    await source.stop()
    expect(warnings).toEqual(isTold ? [folder.path('buffer')] : [])
    expect(source.texts()).toEqual([])
  })
})

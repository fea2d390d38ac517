import { appendFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'

import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createFolderWatch, type FolderWatch } from './folder-watch.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
let watch: FolderWatch | undefined
let names: number
let files: string[]
let silent: string[]
beforeEach(() => {
  folder = createTestFolder()
  names = 0
  files = []
  silent = []
})
afterEach(() => {
  watch?.close()
  folder.remove()
})

const POLL = { timeout: 10_000, interval: 5 }
function start(maxWatches?: number): FolderWatch {
  watch = createFolderWatch({
    onNames: () => names++,
    onFile: (path) => void files.push(path),
    onSilent: (path) => void silent.push(path),
    logger: silentLogger,
    pollMs: 1000,
    ...(maxWatches === undefined ? {} : { maxWatches }),
  })
  return watch
}

test('names that come and files that are written are told', async () => {
  const made = start()
  made.follow([folder.path('')])
  expect(made.tells(folder.path(''))).toBe(true)
  // What came between the search and the watch is searched for at once.
  expect(names).toBe(1)
  writeFileSync(folder.path('a.log'), '')
  await vi.waitFor(() => expect(names).toBeGreaterThan(1), POLL)
  appendFileSync(folder.path('a.log'), 'x')
  await vi.waitFor(() => expect(files).toContain(folder.path('a.log')), POLL)
})

test('beyond the bound of watches, and where there is none, the time of the folder tells of names', async () => {
  const made = start(0)
  made.follow([folder.path(''), folder.path('later')])
  expect(made.tells(folder.path(''))).toBe(false)
  expect(names).toBe(1)
  made.follow([folder.path(''), folder.path('later')])
  made.tick(0)
  expect(names).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 12))
  mkdirSync(folder.path('later'))
  made.tick(999)
  expect(names).toBe(1)
  made.tick(1000)
  expect(names).toBe(3)
  made.tick(3000)
  expect(names).toBe(3)
})

test('where too much is written the watch ends and says so, until the next search', async () => {
  const made = start()
  made.follow([folder.path('')])
  await vi.waitFor(() => {
    for (let index = 0; index < 300; index++) appendFileSync(folder.path(`${index % 2}.log`), 'x')
    expect(made.tells(folder.path(''))).toBe(false)
  }, POLL)
  expect(silent).toEqual([folder.path('')])
  made.follow([folder.path('')])
  expect(made.tells(folder.path(''))).toBe(true)
  made.follow([])
  expect(made.tells(folder.path(''))).toBe(false)
})

test.each<[how: string, make: (name: string) => void, replace: () => void]>([
  [
    'by a rename',
    (name) => mkdirSync(folder.path(name)),
    () => {
      renameSync(folder.path('app'), folder.path('before'))
      renameSync(folder.path('next'), folder.path('app'))
    },
  ],
  [
    'by a link',
    (name) => {
      mkdirSync(folder.path(`in-${name}`))
      symlinkSync(`in-${name}`, folder.path(name))
    },
    () => renameSync(folder.path('next'), folder.path('app')),
  ],
])(
  'a folder that another takes the place of, %s, is watched anew by the next search, and its files are looked at',
  async (_, make, replace) => {
    make('app')
    make('next')
    const made = start()
    made.follow([folder.path('app')])
    replace()
    const before = names
    made.follow([folder.path('app')])
    expect(silent).toEqual([folder.path('app')])
    expect(names).toBeGreaterThan(before)
    expect(made.tells(folder.path('app'))).toBe(true)
    writeFileSync(folder.path('app/a.log'), 'x')
    await vi.waitFor(() => expect(files).toContain(folder.path('app/a.log')), POLL)
    made.follow([folder.path('app')])
    expect(silent).toHaveLength(1)
  },
)

test('a folder that is moved away is searched for at once', async () => {
  mkdirSync(folder.path('app'))
  start().follow([folder.path('app')])
  expect(names).toBe(1)
  renameSync(folder.path('app'), folder.path('before'))
  await vi.waitFor(() => expect(names).toBeGreaterThan(1), POLL)
})

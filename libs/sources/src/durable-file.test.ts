import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { durableFiles, writeDurably } from './durable-file.ts'

/** What was done to files, in its order, and what is to fail. */
const disk = vi.hoisted(() => ({ steps: [] as string[], failures: new Map<string, string>() }))
vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const actual = await importOriginal()
  const { basename } = await import('node:path')
  const step = (name: string, ...paths: readonly unknown[]): void => {
    const text = [name, ...paths.map((path) => basename(String(path)))].join(' ')
    disk.steps.push(text)
    const code = disk.failures.get(text)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
  }
  return {
    ...actual,
    open: async (...args) => {
      const file = await actual.open(...args)
      const sync = file.sync.bind(file)
      file.sync = async () => {
        step('sync', args[0])
        await sync()
      }
      return file
    },
    link: async (...args) => {
      step('link', ...args)
      await actual.link(...args)
    },
    rename: async (...args) => {
      step('rename', ...args)
      await actual.rename(...args)
    },
  }
})

let folder = ''
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-durable-'))
  path = join(folder, 'state')
  disk.steps.length = 0
  disk.failures.clear()
})
afterEach(() => rmSync(folder, { recursive: true }))

const texts = (): readonly (string | undefined)[] =>
  durableFiles(path).map((one) => (existsSync(one) ? readFileSync(one, 'utf8') : undefined))

test('the last and the one before it stay, nothing else', async () => {
  for (const text of ['one', 'two', 'three']) await writeDurably(path, text)
  expect(texts()).toEqual(['three', 'two'])
  expect(readdirSync(folder).toSorted()).toEqual(['state', 'state.bak'])
})

test('what is renamed is on the disk, and so is the name in the end', async () => {
  await writeDurably(path, 'one')
  await writeDurably(path, 'two')
  const last = [
    'sync state.tmp',
    'link state state.bak.tmp',
    'rename state.bak.tmp state.bak',
    'rename state.tmp state',
    `sync ${folder.split('/').at(-1)}`,
  ]
  expect(disk.steps.slice(-5)).toEqual(last)
})

test('nobody else may read it', async () => {
  await writeDurably(path, 'one')
  await writeDurably(path, 'two')
  expect(durableFiles(path).map((one) => statSync(one).mode & 0o777)).toEqual([0o600, 0o600])
})

test('the folder is made', async () => {
  path = join(folder, 'a', 'b', 'state')
  await writeDurably(path, 'one')
  expect(texts()).toEqual(['one', undefined])
})

test.each(['EPERM', 'ENOTSUP'])('without links (%s) the one before is renamed', async (code) => {
  disk.failures.set('link state state.bak.tmp', code)
  await writeDurably(path, 'one')
  await writeDurably(path, 'two')
  expect(texts()).toEqual(['two', 'one'])
})

test.each(['sync state.tmp', 'link state state.bak.tmp', 'rename state.bak.tmp state.bak', 'rename state.tmp state'])(
  'where "%s" fails, what was there is there still, and the next time goes well',
  async (step) => {
    await writeDurably(path, 'one')
    await writeDurably(path, 'two')
    disk.failures.set(step, 'EIO')
    await expect(writeDurably(path, 'three')).rejects.toThrow('EIO')
    expect(texts()[0]).toBe('two')
    disk.failures.clear()
    await writeDurably(path, 'four')
    expect(texts()).toEqual(['four', 'two'])
  },
)

test('a folder in its place is not moved away', async () => {
  mkdirSync(path)
  writeFileSync(join(path, 'file'), '')
  chmodSync(path, 0o755)
  await expect(writeDurably(path, 'one')).rejects.toThrow('state')
  expect(readdirSync(path)).toEqual(['file'])
})

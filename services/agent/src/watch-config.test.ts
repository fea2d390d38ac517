import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { signatureOfFiles, watchConfig } from './watch-config.ts'

const INTERVAL_MS = 10
let folder = ''
let stop = new AbortController()
let watching = Promise.resolve()
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-watch-'))
  stop = new AbortController()
  beforeLook = () => undefined
})
afterEach(async () => {
  stop.abort()
  await watching
  rmSync(folder, { recursive: true })
})

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
let looked = 0
/** Happens right before each look. */
let beforeLook = (): void => undefined
/** Resolves when the files have been looked at so often again. */
const looks = (count: number): Promise<void> => {
  const until = looked + count
  return vi.waitFor(() => expect(looked).toBeGreaterThanOrEqual(until), { timeout: 10_000, interval: INTERVAL_MS / 2 })
}

/** Watches every `.yml` of the folder; what was read at each reload, and how often there was one. */
function watch(refuses: (content: string) => boolean = () => false) {
  const paths = (): readonly string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yml'))
      .map((name) => join(folder, name))
  const read = () => paths().map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  let taken = read()
  let refused: string | undefined
  const reloads: string[] = []
  const reload = async (): Promise<void> => {
    const found = read()
    const content = found.map(({ text }) => text).join(',')
    reloads.push(content)
    refused = refuses(content) ? await signatureOfFiles(paths()) : undefined
    if (refused !== undefined) throw new ConfigError('wrong')
    taken = found
  }
  const files = (): readonly string[] => {
    beforeLook()
    looked++
    return paths()
  }
  watching = watchConfig({ texts: () => taken, files, reload, refused: () => refused, intervalMs: INTERVAL_MS }, stop.signal)
  return {
    reloads,
    reload,
    expectReloads: (...expected: readonly string[]) => vi.waitFor(() => expect(reloads).toEqual(expected), { timeout: 10_000 }),
  }
}

test('a file that changes is read anew, once', async () => {
  write('a.yml', 'one')
  const { reloads, expectReloads } = watch()
  await looks(5)
  expect(reloads).toEqual([])
  write('a.yml', 'two')
  await expectReloads('two')
  await looks(5)
  expect(reloads).toEqual(['two'])
})

test('so is one that comes, and one that goes', async () => {
  write('a.yml', 'one')
  const { expectReloads } = watch()
  write('b.yml', 'more')
  await expectReloads('one,more')
  rmSync(join(folder, 'a.yml'))
  await expectReloads('one,more', 'more')
})

test('a link that is switched, as a mounted ConfigMap does', async () => {
  for (const [version, text] of [
    ['1', 'one'],
    ['2', 'two'],
  ] as const) {
    mkdirSync(join(folder, `..${version}`))
    write(`..${version}/c.yml`, text)
  }
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync('..data/c.yml', join(folder, 'c.yml'))
  const { expectReloads } = watch()
  symlinkSync('..2', join(folder, '..data_tmp'))
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
  await expectReloads('two')
})

test('what changes at every look is not read before it stays', async () => {
  write('a.yml', 'start')
  const { reloads, expectReloads } = watch()
  beforeLook = () => write('a.yml', `step ${looked}`)
  await looks(10)
  beforeLook = () => undefined
  expect(reloads).toEqual([])
  write('a.yml', 'end')
  await expectReloads('end')
})

test('what is refused is tried again only when it changes', async () => {
  write('a.yml', 'good')
  const { reloads, expectReloads } = watch((content) => content.startsWith('bad'))
  write('a.yml', 'bad')
  await expectReloads('bad')
  await looks(5)
  expect(reloads).toEqual(['bad'])
  write('a.yml', 'bad too')
  await expectReloads('bad', 'bad too')
  write('a.yml', 'better')
  await expectReloads('bad', 'bad too', 'better')
})

test('what goes back to what goes on is read once more: nothing is refused any longer', async () => {
  write('a.yml', 'good')
  const { reloads, expectReloads } = watch((content) => content === 'bad')
  write('a.yml', 'bad')
  await expectReloads('bad')
  write('a.yml', 'good')
  await expectReloads('bad', 'good')
  await looks(5)
  expect(reloads).toEqual(['bad', 'good'])
})

test('what somebody else was refused is not read again as it is', async () => {
  write('a.yml', 'good')
  const { reloads, reload, expectReloads } = watch((content) => content === 'bad')
  write('a.yml', 'bad')
  await expect(reload()).rejects.toThrow('wrong')
  await looks(5)
  expect(reloads).toEqual(['bad'])
  write('a.yml', 'better')
  await expectReloads('bad', 'better')
})

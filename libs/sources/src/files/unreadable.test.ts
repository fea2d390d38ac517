import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

/** Errors by the path that meets them: whoever runs tests may be allowed to read everything. */
const failing = vi.hoisted(() => new Map<string, string>())
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const failingAt = <F extends object>(act: F): F =>
    new Proxy(act, {
      apply: (target, self, args: readonly unknown[]): unknown => {
        const code = failing.get(String(args[0]))
        if (code !== undefined) throw Object.assign(new Error(`${code}: injected`), { code })
        return Reflect.apply(Object(target), self, args)
      },
    })
  return {
    ...fs,
    statSync: failingAt(fs.statSync),
    readdirSync: failingAt(fs.readdirSync),
    openSync: failingAt(fs.openSync),
    realpathSync: failingAt(fs.realpathSync),
  }
})

let folder: TestFolder
let source: RunningSource | undefined
const told: { readonly message: string; readonly path: unknown }[] = []
const note = (message: string, fields?: Readonly<Record<string, unknown>>): void => void told.push({ message, path: fields?.['path'] })
const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger }
const POLL = { timeout: 10_000, interval: 5 }

beforeEach(() => {
  folder = createTestFolder()
  told.length = 0
})
afterEach(async () => {
  failing.clear()
  await source?.stop()
  source = undefined
  folder.remove()
})

const start = (...globs: readonly string[]): RunningSource => {
  source = startSource(folder, [jobOf('test', ...globs.map((glob) => ({ __path__: glob, glob })))], { logger })
  return source
}
const errorOf = (running: RunningSource, glob: string): string | undefined => running.targets().find((one) => one.glob === glob)?.error

describe('what cannot be looked at', () => {
  const inject = (code: string, name: string) => (): void => {
    folder.append(name, 'unread\n')
    failing.set(folder.path(name), code)
  }
  const injectFolder = (code: string, name: string) => (): void => {
    mkdirSync(folder.path(name))
    folder.append(`${name}/x.log`, 'unread\n')
    failing.set(folder.path(name), code)
    failing.set(folder.path(`${name}/x.log`), code)
  }
  const nothing = (): void => undefined
  /** As on machines whose locale was EUC-KR: `한글`. */
  const nameOf = (begin: string, end: string): Buffer =>
    Buffer.concat([Buffer.from(folder.path(begin)), Buffer.from('c7d1b1db', 'hex'), Buffer.from(end)])
  const eucKr =
    (...ends: readonly string[]) =>
    (): void => {
      for (const end of ends) writeFileSync(nameOf('bad', end), 'unread\n')
    }
  const injectEucKrFolder = (): void => {
    mkdirSync(nameOf('bad', ''))
    writeFileSync(nameOf('bad', '/x.log'), 'unread\n')
  }

  test.each<[what: string, glob: string, make: () => void, reason: RegExp | undefined]>([
    ['a link that leads to itself', '*.log', () => symlinkSync('bad.log', folder.path('bad.log')), /^ELOOP: .*bad\.log/],
    ['a link that leads to nothing', '*.log', () => symlinkSync('missing', folder.path('bad.log')), undefined],
    ['a link of folders that leads to itself', '*/x.log', () => symlinkSync('bad', folder.path('bad')), /^ELOOP: /],
    ['a name that is too long', `${'b'.repeat(300)}.log`, nothing, /^ENAMETOOLONG: /],
    ['a name that no file can have', 'b\0.log', nothing, /null bytes/],
    ['a file in the place of a folder', 'bad/x.log', () => folder.append('bad', ''), undefined],
    ['nothing', 'bad/x.log', nothing, undefined],
    ['a file in a folder that may not be entered', 'bad/x.log', injectFolder('EACCES', 'bad'), /^EACCES: /],
    ['a folder that may not be read', 'bad/*.log', injectFolder('EACCES', 'bad'), /^EACCES: /],
    ['a folder of a server that is gone', '{bad,*}/*.log', injectFolder('ESTALE', 'bad'), /^ESTALE: /],
    ['a file that may not be opened', 'b?d.log', inject('EACCES', 'bad.log'), /^EACCES: /],
    ['names that are no UTF-8', 'b*.log', eucKr('1.log', '2.log'), /^files whose names are no UTF-8 [^,]*, rename them$/],
    ['names that are no UTF-8, of files that are not asked for', 'b*.log', eucKr('.txt'), undefined],
    ['a folder whose name is no UTF-8', 'bad*/x.log', injectEucKrFolder, /no UTF-8/],
    ['a folder whose name is no UTF-8, at any depth', '**/x.log', injectEucKrFolder, /no UTF-8/],
    ['a file on a disk that is broken', 'bad.log', inject('EIO', 'bad.log'), /^EIO: /],
    ['a file on a disk that is broken, of a glob', 'b?d.log', inject('EIO', 'bad.log'), /^EIO: /],
  ])('%s hurts no other file, and is told once', async (_what, glob, make, reason) => {
    make()
    folder.append('good.log', 'one\n')
    const bad = folder.path(glob)
    const running = start(bad, folder.path('g*.log'))
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await expect.poll(() => errorOf(running, bad), POLL).toEqual(reason === undefined ? undefined : expect.stringMatching(reason))
    // More than one search later.
    folder.append('good2.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    expect(told).toHaveLength(reason === undefined ? 0 : 1)
    expect(await running.metric('errors_total')).toBe(told.length)
    expect(errorOf(running, folder.path('g*.log'))).toBeUndefined()
  })

  test('too many open files in the process: it is tried again, and nobody is told', async () => {
    inject('EMFILE', 'bad.log')()
    folder.append('good.log', 'one\n')
    const running = start(folder.path('*.log'))
    await expect.poll(running.texts, POLL).toEqual(['one'])
    failing.clear()
    await expect.poll(running.texts, POLL).toEqual(['one', 'unread'])
  })

  test('it is read as soon as it can be, and no target says anything of it any more', async () => {
    injectFolder('EACCES', 'bad')()
    const running = start(folder.path('bad/*.log'))
    await expect.poll(() => errorOf(running, folder.path('bad/*.log')), POLL).toBe('EACCES: injected')
    failing.clear()
    await expect.poll(running.texts, POLL).toEqual(['unread'])
    await expect.poll(() => errorOf(running, folder.path('bad/*.log')), POLL).toBeUndefined()
  })
})

describe('files that are followed', () => {
  test('a folder that may not be entered any more: what is open is read on', async () => {
    mkdirSync(folder.path('a'))
    folder.append('a/x.log', 'one\n')
    const running = start(folder.path('a/*.log'))
    await expect.poll(running.texts, POLL).toEqual(['one'])
    for (const name of ['a', 'a/x.log']) failing.set(folder.path(name), 'EACCES')
    folder.append('a/x.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    // Longer than files are watched that nobody wants.
    await expect.poll(() => running.files()[0]?.error, POLL).toBe('EACCES: injected')
    await new Promise((resolve) => setTimeout(resolve, 200))
    folder.append('a/x.log', 'three\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three'])
    expect(told.filter(({ path }) => path === folder.path('a/x.log'))).toHaveLength(1)
    failing.clear()
    await expect.poll(() => running.files()[0]?.error, POLL).toBeUndefined()
  })

  test('a link beside a file that leads to itself, with the name of a rotation', async () => {
    folder.append('a.log', 'one\n')
    symlinkSync('a.log.1', folder.path('a.log.1'))
    const running = start(folder.path('a.log'))
    await expect.poll(running.texts, POLL).toEqual(['one'])
    renameSync(folder.path('a.log'), folder.path('a.log.2'))
    folder.append('a.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
  })

  test.each(['EIO', 'EACCES'])('a rotated file that cannot be read at the start (%s) is read when it can be', async (code) => {
    folder.append('a.log', 'one\n')
    const first = start(folder.path('a.log'))
    await expect.poll(first.texts, POLL).toEqual(['one'])
    await first.stop()
    folder.append('a.log', 'two\n')
    renameSync(folder.path('a.log'), folder.path('a.log.1'))
    writeFileSync(folder.path('a.log'), 'three\n')
    failing.set(folder.path('a.log.1'), code)
    const second = start(folder.path('a.log'))
    if (code === 'EACCES') await expect.poll(second.texts, POLL).toEqual(['three'])
    else await vi.waitFor(() => expect(told).toHaveLength(1), POLL)
    await second.stop()
    expect(await second.metric('lost_bytes_total')).toBe(0)
    failing.clear()
    const third = start(folder.path('a.log'))
    await expect.poll(third.texts, POLL).toEqual(code === 'EACCES' ? ['two'] : ['two', 'three'])
  })

  test('a file that cannot be read at the stop ends the source all the same', async () => {
    folder.append('a.log', 'one\n')
    const running = start(folder.path('a.log'))
    await expect.poll(running.texts, POLL).toEqual(['one'])
    failing.set(folder.path('a.log'), 'EIO')
    failing.set(folder.path(''), 'EIO')
    await running.stop()
  })
})

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'
import { openTail } from './tail.ts'

/** Errors by the path that meets them: whoever runs tests may be allowed to read everything. */
const failing = vi.hoisted(() => new Map<string, string>())
/** What reading a file of that inode gives: of a handle that was lost only where it was opened before, of a broken disk always. */
const faults = vi.hoisted(() => ({ of: new Map<number, 'ESTALE' | 'EIO'>(), fresh: new Set<number>(), closing: '' }))
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const failingIn = <F extends object>(act: F, isReading: boolean): F =>
    new Proxy(act, {
      apply: (target, self, args: readonly unknown[]): unknown => {
        const [fd] = args
        const code = faults.of.size > 0 && typeof fd === 'number' ? faults.of.get(fs.fstatSync(fd).ino) : undefined
        const fails = code === 'ESTALE' ? !faults.fresh.has(Number(fd)) : code !== undefined && isReading
        if (fails) throw Object.assign(new Error(`${code}: injected`), { code })
        return Reflect.apply(Object(target), self, args)
      },
    })
  const openSync = (...args: Parameters<typeof fs.openSync>): number => {
    const fd = fs.openSync(...args)
    faults.fresh.add(fd)
    return fd
  }
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
    openSync: failingAt(openSync),
    fstatSync: failingIn(fs.fstatSync, false),
    readSync: failingIn(fs.readSync, true),
    closeSync: (fd: number) => {
      fs.closeSync(fd)
      if (faults.closing !== '') throw Object.assign(new Error(`${faults.closing}: injected`), { code: faults.closing })
    },
    realpathSync: failingAt(fs.realpathSync),
  }
})

let folder: TestFolder
let source: RunningSource | undefined
const told: { readonly message: string; readonly path: unknown; readonly lostBytes: unknown }[] = []
const note = (message: string, fields?: Readonly<Record<string, unknown>>): void =>
  void told.push({ message, path: fields?.['path'], lostBytes: fields?.['lostBytes'] })
const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger }
const POLL = { timeout: 10_000, interval: 5 }

beforeEach(() => {
  folder = createTestFolder()
  told.length = 0
})
afterEach(async () => {
  failing.clear()
  faults.of.clear()
  faults.closing = ''
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

const FAILS = ['file cannot be read, it is tried again', undefined] as const
const isLost = (bytes: number) => ['lines of a file cannot be read any more', bytes] as const
const toldOfLosses = () => told.map(({ message, lostBytes }) => [message, lostBytes])

/** Reads three lines and knows of `four`, which it has no room for. */
async function startBehind(): Promise<RunningSource> {
  folder.append('a.log', 'one\n')
  const running = startSource(folder, [jobOf('test', { __path__: folder.path('*.log') })], { logger, batchBytes: 1 })
  source = running
  await expect.poll(running.texts, POLL).toEqual(['one'])
  running.blocked = true
  for (const [count, text] of ['two\n', 'three\n'].entries()) {
    folder.append('a.log', text)
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(count + 2), POLL)
  }
  folder.append('a.log', 'four\n')
  await vi.waitFor(() => expect(running.files()[0]?.size).toBe('one\ntwo\nthree\nfour\n'.length), POLL)
  return running
}
const fail = (code: 'ESTALE' | 'EIO'): void => {
  faults.fresh.clear()
  faults.of.set(statSync(folder.path('a.log')).ino, code)
}
const replace = (): void => {
  rmSync(folder.path('a.log'))
  folder.append('a.log', 'new\n')
}

describe('a file that is open and cannot be read any more', () => {
  test.each<[what: string, code: 'ESTALE' | 'EIO', then: () => void, lines: readonly string[], told: readonly unknown[]]>([
    ['ESTALE, the server knows it again when it is opened', 'ESTALE', () => undefined, ['four'], [FAILS]],
    [
      'ESTALE, renamed and replaced: opened where it is now',
      'ESTALE',
      () => {
        renameSync(folder.path('a.log'), folder.path('a.log.1'))
        folder.append('a.log', 'new\n')
      },
      ['four', 'new'],
      [FAILS],
    ],
    [
      'ESTALE, compressed and replaced: its rest is read in the compressed one',
      'ESTALE',
      () => {
        writeFileSync(folder.path('a.log.1.gz'), gzipSync(readFileSync(folder.path('a.log'))))
        replace()
      },
      ['four', 'new'],
      [FAILS],
    ],
    ['ESTALE, replaced: counted', 'ESTALE', replace, ['new'], [FAILS, isLost(5)]],
    ['EIO, replaced: counted', 'EIO', replace, ['new'], [FAILS, isLost(5)]],
    [
      'EIO, renamed and replaced: counted',
      'EIO',
      () => {
        renameSync(folder.path('a.log'), folder.path('a.log.1'))
        folder.append('a.log', 'new\n')
      },
      ['new'],
      [FAILS, isLost(5)],
    ],
  ])('%s', async (_, code, then, lines, messages) => {
    const running = await startBehind()
    fail(code)
    then()
    running.blocked = false
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three', ...lines])
    expect(toldOfLosses()).toEqual(messages)
    expect(await running.metric('lost_bytes_total')).toBe(messages.length === 1 ? 0 : 5)
    folder.append('a.log', 'more\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three', ...lines, 'more'])
  })

  test('EIO while it is at its path: it is tried again', async () => {
    const running = await startBehind()
    fail('EIO')
    running.blocked = false
    await expect.poll(() => running.files()[0]?.error, POLL).toBe('EIO: injected')
    await new Promise((resolve) => setTimeout(resolve, 150))
    faults.of.clear()
    await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three', 'four'])
    expect(toldOfLosses()).toEqual([FAILS])
  })

  test('EIO, deleted: it is left', async () => {
    const running = await startBehind()
    fail('EIO')
    rmSync(folder.path('a.log'))
    running.blocked = false
    await expect.poll(running.files, POLL).toEqual([])
    expect(toldOfLosses()).toEqual([FAILS, isLost(5)])
  })
})

test('a new one that fails holds up nothing of the one before', async () => {
  const running = await startBehind()
  renameSync(folder.path('a.log'), folder.path('a.log.1'))
  folder.append('a.log', 'new\n')
  await vi.waitFor(() => expect(running.files()).toHaveLength(2), POLL)
  fail('EIO')
  running.blocked = false
  await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three', 'four'])
  await vi.waitFor(() => expect(toldOfLosses()).toEqual([FAILS]), POLL)
  faults.of.clear()
  await expect.poll(running.texts, POLL).toEqual(['one', 'two', 'three', 'four', 'new'])
})

test('a file that was cut and cannot be begun anew stays open as it was, and can be begun later', () => {
  folder.append('a.log', 'one\n')
  const path = folder.path('a.log')
  const tail = openTail(path, () => ({ offset: 4, replayFrom: 4 }))
  writeFileSync(path, '')
  expect(tail.look()).toBe('cut')
  fail('EIO')
  expect(() => tail.again(false)).toThrow('EIO: injected')
  expect(tail.resting()).toBe(false)
  faults.of.clear()
  const again = tail.again(false)
  expect([tail.resting(), again.resting(), again.cursor.offset]).toEqual([true, false, 0])
  again.close()
})

test('what a disk says when a file is closed hurts nobody', async () => {
  folder.append('a.log', 'one\n')
  const running = startSource(folder, [jobOf('test', { __path__: folder.path('*.log') })], { logger, maxOpenFiles: 1 })
  source = running
  await expect.poll(running.texts, POLL).toEqual(['one'])
  faults.closing = 'EIO'
  for (const name of ['b.log', 'c.log']) folder.append(name, `${name}\n`)
  await expect.poll(running.texts, POLL).toEqual(['one', 'b.log', 'c.log'])
  await running.stop()
  expect(told).toEqual([])
})

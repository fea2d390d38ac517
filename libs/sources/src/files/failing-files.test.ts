import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

/** What reading a file of that inode gives: of a handle that was lost only where it was opened before, of a broken disk always. */
const faults = vi.hoisted(() => ({ of: new Map<number, 'ESTALE' | 'EIO'>(), fresh: new Set<number>(), closing: '' }))
vi.mock(import('node:fs'), async (original) => {
  const fs = await original()
  const failing = <F extends object>(act: F, isReading: boolean): F =>
    new Proxy(act, {
      apply: (target, self, args: readonly unknown[]): unknown => {
        const [fd] = args
        const code = faults.of.size > 0 && typeof fd === 'number' ? faults.of.get(fs.fstatSync(fd).ino) : undefined
        const fails = code === 'ESTALE' ? !faults.fresh.has(Number(fd)) : code !== undefined && isReading
        if (fails) throw Object.assign(new Error(`${code}: injected`), { code })
        return Reflect.apply(Object(target), self, args)
      },
    })
  return {
    ...fs,
    fstatSync: failing(fs.fstatSync, false),
    readSync: failing(fs.readSync, true),
    openSync: (...args: Parameters<typeof fs.openSync>) => {
      const fd = fs.openSync(...args)
      faults.fresh.add(fd)
      return fd
    },
    closeSync: (fd: number) => {
      fs.closeSync(fd)
      if (faults.closing !== '') throw Object.assign(new Error(`${faults.closing}: injected`), { code: faults.closing })
    },
  }
})

let folder: TestFolder
let source: RunningSource | undefined
let told: (readonly [message: string, bytes: unknown])[]
const note = (message: string, fields?: Readonly<Record<string, unknown>>): void => void told.push([message, fields?.['lostBytes']])
const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger }
const POLL = { timeout: 10_000, interval: 5 }
const FAILS = ['file cannot be read, it is tried again', undefined] as const
const isLost = (bytes: number) => ['lines of a file cannot be read any more', bytes] as const

beforeEach(() => {
  folder = createTestFolder()
  told = []
})
afterEach(async () => {
  faults.of.clear()
  faults.closing = ''
  await source?.stop()
  source = undefined
  folder.remove()
})

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
    expect(told).toEqual(messages)
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
    expect(told).toEqual([FAILS])
  })

  test('EIO, deleted: it is left', async () => {
    const running = await startBehind()
    fail('EIO')
    rmSync(folder.path('a.log'))
    running.blocked = false
    await expect.poll(running.files, POLL).toEqual([])
    expect(told).toEqual([FAILS, isLost(5)])
    expect(existsSync(folder.path('a.log'))).toBe(false)
  })
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

import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'

import type { Logger } from '@clymene/model'
import { silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createTestFolder, jobOf, type RunningSource, startSource, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
let source: RunningSource | undefined
let errors: { readonly message: string; readonly bytes: unknown }[]
const logger: Logger = {
  ...silentLogger,
  error: (message, fields) => void errors.push({ message, bytes: fields?.['lostBytes'] }),
  child: () => logger,
}
beforeEach(() => {
  folder = createTestFolder()
  errors = []
})
afterEach(async () => {
  await source?.stop()
  source = undefined
  folder.remove()
})

const POLL = { timeout: 10_000, interval: 5 }
const start = (glob = '*.log', options: Parameters<typeof startSource>[2] = {}): RunningSource => {
  source = startSource(folder, [jobOf('test', { __path__: folder.path(glob) })], { logger, ...options })
  return source
}
/** Reads `a.log` until these lines were sent, and stops. */
async function readAndStop(lines: readonly string[], glob?: string): Promise<void> {
  const running = start(glob)
  await expect.poll(running.texts, POLL).toEqual(lines)
  await running.stop()
}
/** File systems note times by a coarse clock. */
const clockTick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 12))
/** The same, while nobody looks. */
const clockTickInPlace = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 12)
const rename = (from: string, to: string): void => renameSync(folder.path(from), folder.path(to))
/** As gzip does: the original goes when the compressed file is whole. */
function compress(name: string, to = `${name}.gz`): void {
  writeFileSync(folder.path(`${to}.tmp`), gzipSync(readFileSync(folder.path(name))))
  rename(`${to}.tmp`, to)
  rmSync(folder.path(name))
}
function copyTruncate(name: string, copy: string): void {
  copyFileSync(folder.path(name), folder.path(copy))
  truncateSync(folder.path(name))
}
const expectExactly = async (running: RunningSource, lines: readonly string[]): Promise<void> => {
  await expect.poll(running.texts, POLL).toEqual(lines)
  // Some searches and looks more: nothing is read again.
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(running.texts()).toEqual(lines)
}

test('a path that was being rotated when it would have been met first: what was rotated before is read by the next start', async () => {
  const searched = async (met: string, now: () => number): Promise<void> => {
    folder.append('other.log', `${met}\n`)
    const running = start('*.log', { now, refreshMs: 60_000 })
    await expect.poll(running.texts, POLL).toEqual([met])
    await running.stop()
  }
  await searched('first', Date.now)
  folder.append('a.log', 'one\n')
  rename('a.log', 'a.log.1')
  // Nothing is at the path just now.
  await searched('second', () => Date.now() + 100_000)
  folder.append('a.log', 'two\n')
  await expectExactly(start('*.log', { now: () => Date.now() + 120_000 }), ['one', 'two'])
})

describe('compressed files', () => {
  test('rotated and compressed while it was not running: what was not read of them, the oldest first, once', async () => {
    folder.append('0.log', 'one\n')
    await readAndStop(['one'])
    folder.append('0.log', 'two\n')
    rename('0.log', '0.log.20240101-000000')
    compress('0.log.20240101-000000')
    await clockTick()
    folder.append('0.log', 'three\n')
    rename('0.log', '0.log.20240101-000100')
    await clockTick()
    compress('0.log.20240101-000100')
    folder.append('0.log', 'four\n')
    rename('0.log', '0.log.20240101-000200')
    folder.append('0.log', 'five\n')
    folder.append('0.log.20240101-000300.gz.tmp', 'not finished')
    await expectExactly(start(), ['two', 'three', 'four', 'five'])
    await source?.stop()
    folder.append('0.log', 'six\n')
    await expectExactly(start(), ['six'])
    expect(errors).toEqual([])
  })

  test('stopped in the middle of it: reading goes on there', async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`)
    folder.append('a.log', 'first\n')
    await readAndStop(['first'])
    folder.append('a.log', `${lines.join('\n')}\n`)
    rename('a.log', 'a.log.1')
    compress('a.log.1')
    folder.append('a.log', 'last\n')
    const running = start('*.log', { batchBytes: 20_000, stopWaitMs: 50 })
    await vi.waitFor(() => expect(running.sent.length).toBeGreaterThan(200), POLL)
    running.blocked = true
    await running.stop({ stayBlocked: true })
    const sent = running.texts()
    expect(sent.length).toBeLessThan(3000)
    await expectExactly(start(), [...lines, 'last'].slice(sent.length))
  })

  test('one that was read before it was compressed is not read again, whatever finds it', async () => {
    folder.append('a.log', 'one\n')
    const running = start('a.log*')
    await expect.poll(running.texts, POLL).toEqual(['one'])
    rename('a.log', 'a.log.1')
    folder.append('a.log', 'two\n')
    await expect.poll(running.texts, POLL).toEqual(['one', 'two'])
    compress('a.log.1')
    await clockTick()
    rename('a.log.1.gz', 'a.log.2.gz')
    rename('a.log', 'a.log.1')
    folder.append('a.log', 'three\n')
    await expectExactly(running, ['one', 'two', 'three'])
    await running.stop()
    await expectExactly(start('a.log*'), [])
  })

  test('a broken one: what can be read of it, the rest is counted', async () => {
    folder.append('a.log', 'one\n')
    await readAndStop(['one'])
    const lines = Array.from({ length: 200 }, (_, index) => `line ${(index * 7919) % 1009}`)
    folder.append('a.log', `${lines.join('\n')}\n`)
    rename('a.log', 'a.log.1')
    compress('a.log.1')
    const packed = readFileSync(folder.path('a.log.1.gz'))
    writeFileSync(folder.path('a.log.1.gz'), packed.subarray(0, packed.length - 100))
    folder.append('a.log', 'new\n')
    const running = start()
    await vi.waitFor(() => expect(running.texts()).toContain('new'), POLL)
    expect(running.texts().length).toBeGreaterThan(50)
    // The last one is cut, as the file is.
    expect(lines).toEqual(expect.arrayContaining(running.texts().slice(0, -2)))
    expect(await running.metric('lost_bytes_total')).toBeGreaterThan(0)
    expect(errors).toHaveLength(1)
    await running.stop()
    await expectExactly(start(), [])
    expect(errors).toHaveLength(1)
  })

  test('a compressed file that the glob finds is read as text', async () => {
    writeFileSync(folder.path('old.log.gz'), gzipSync('packed\nlines\n'))
    expect(gunzipSync(readFileSync(folder.path('old.log.gz'))).length).toBe(13)
    await expectExactly(start('*.gz'), ['packed', 'lines'])
    await source?.stop()
    await expectExactly(start('*.gz'), [])
  })
})

describe('copytruncate', () => {
  test.each(['*.log', '*.log*'])('of lines that were not read yet, with %s: they are read in the copy', async (glob) => {
    folder.append('a.log', 'one\n')
    const running = start(glob, { batchBytes: 1 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(2), POLL)
    folder.append('a.log', 'three\nfour\n')
    await clockTick()
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'five\n')
    await vi.waitFor(async () => expect(await running.metric('truncations_total')).toBe(1), POLL)
    running.blocked = false
    await expectExactly(running, ['one', 'two', 'three', 'four', 'five'])
    expect(await running.metric('lost_bytes_total')).toBe(0)
    await running.stop()
    await expectExactly(start(glob), [])
  })

  test.each([
    ['a copy', () => undefined],
    ['a compressed copy', () => compress('a.log.1')],
  ])('while it was not running, %s: from where it was read to, then the file from its start', async (_, after) => {
    folder.append('a.log', 'one\n')
    await readAndStop(['one'])
    folder.append('a.log', 'two\n')
    copyTruncate('a.log', 'a.log.1')
    after()
    folder.append('a.log', 'three, longer than all before\n')
    await expectExactly(start(), ['two', 'three, longer than all before'])
    expect(errors).toEqual([])
  })

  test.each<[what: string, before: readonly string[], cuts: number]>([
    ['one that had just been cut', ['one\n'], 1],
    ['one that was written meanwhile', ['one\n', 'two\n'], 2],
  ])('cut again, and more than once, between two looks: %s', async (_, before, cuts) => {
    const running = start('*.log')
    for (const [count, text] of before.entries()) {
      folder.append('a.log', text)
      await expect.poll(running.texts, POLL).toHaveLength(count + 1)
      await clockTick()
      copyTruncate('a.log', `a.log.${9 - count}`)
      await vi.waitFor(async () => expect(await running.metric('truncations_total')).toBe(count + 1), POLL)
    }
    // Empty as it is known, it is written, copied and cut again, twice.
    folder.append('a.log', 'three\n')
    clockTickInPlace()
    copyTruncate('a.log', 'a.log.2')
    folder.append('a.log', 'four\n')
    clockTickInPlace()
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'five\n')
    await expectExactly(running, [...before.map((text) => text.trim()), 'three', 'four', 'five'])
    expect(await running.metric('truncations_total')).toBe(cuts)
    expect(errors).toEqual([])
    await running.stop()
    await expectExactly(start(), [])
  })

  test('empty when it was found, then written, cut and written between two looks', async () => {
    folder.append('a.log', '')
    const running = start('*.log')
    await vi.waitFor(() => expect(running.files()).toHaveLength(1), POLL)
    await clockTick()
    folder.append('a.log', 'one\n')
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'two\n')
    await expectExactly(running, ['one', 'two'])
    expect(errors).toEqual([])
  })

  test('empty when it was found, then written and renamed, and the next one too, between two looks', async () => {
    folder.append('a.log', '')
    const running = start('*.log')
    await vi.waitFor(() => expect(running.files()).toHaveLength(1), POLL)
    await clockTick()
    for (const [text, to] of [
      ['one\n', 'a.log.2'],
      ['two\n', 'a.log.1'],
    ] as const) {
      folder.append('a.log', text)
      clockTickInPlace()
      rename('a.log', to)
    }
    folder.append('a.log', 'three\n')
    await expectExactly(running, ['one', 'two', 'three'])
  })

  test('cut again, and as empty as before when it is looked at', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log')
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await clockTick()
    copyTruncate('a.log', 'a.log.2')
    await vi.waitFor(async () => expect(await running.metric('truncations_total')).toBe(1), POLL)
    clockTickInPlace()
    folder.append('a.log', 'two\n')
    copyTruncate('a.log', 'a.log.1')
    await expectExactly(running, ['one', 'two'])
    folder.append('a.log', 'three\n')
    await expectExactly(running, ['one', 'two', 'three'])
    expect(errors).toEqual([])
  })

  test('cut more than once between two looks, and longer by then than before: all copies are read', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log')
    await expect.poll(running.texts, POLL).toEqual(['one'])
    for (const [index, name] of ['a.log.3', 'a.log.2', 'a.log.1'].entries()) {
      folder.append('a.log', `${index} of several\n`)
      clockTickInPlace()
      copyTruncate('a.log', name)
    }
    clockTickInPlace()
    folder.append('a.log', 'last, longer than all before\n')
    await expectExactly(running, ['one', ...[0, 1, 2].map((index) => `${index} of several`), 'last, longer than all before'])
    expect(errors).toEqual([])
  })

  test('cut without a copy, and longer by then than before: what was not read is counted', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log', { batchBytes: 1 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\nthree\nlost\n')
    await vi.waitFor(() => expect(running.files()[0]?.size).toBe(19), POLL)
    const lines = await running.metric('read_lines_total')
    writeFileSync(folder.path('a.log'), 'another beginning, and longer\n')
    await vi.waitFor(async () => expect(await running.metric('truncations_total')).toBe(1), POLL)
    running.blocked = false
    await expectExactly(running, [...['one', 'two', 'three', 'lost'].slice(0, lines), 'another beginning, and longer'])
    expect(await running.metric('lost_bytes_total')).toBe([15, 11, 5, 0][lines - 1])
  })

  test('killed with the copy half read', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log', { batchBytes: 1 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\nthree\n')
    await clockTick()
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'four\n')
    await vi.waitFor(async () => expect(await running.metric('truncations_total')).toBe(1), POLL)
    await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8').match(/"inode"/g)).toHaveLength(2), POLL)
    await running.kill()
    await expectExactly(start(), ['two', 'three', 'four'])
  })

  const banner = 'service-starts,'.repeat(100)
  test('again and again, of a writer that does not append: each line, and not the hole before it', async () => {
    const fd = openSync(folder.path('a.log'), 'w')
    let offset = 0
    const write = (text: string): void => void (offset += writeSync(fd, text, offset))
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`)
    write(`${lines.join('\n')}\n`)
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(lines)
    for (const line of ['after the first cut', 'after the second']) {
      clockTickInPlace()
      copyTruncate('a.log', 'a.log.1')
      write(`${line}\n`)
      lines.push(line)
      await expect.poll(running.texts, POLL).toEqual(lines)
    }
    closeSync(fd)
    await expectExactly(running, lines)
    expect(await running.metric('truncations_total')).toBe(2)
    expect(await running.metric('nul_bytes_total')).toBeGreaterThan(600_000)
    expect(errors).toEqual([])
  })

  test('of a writer that puts its last line anew behind each record nothing is taken for a cut but the first time', async () => {
    const fd = openSync(folder.path('a.log'), 'w')
    let offset = 0
    const put = (record: string): void => {
      writeSync(fd, `${record}\n</log>\n`, offset)
      offset += record.length + 1
    }
    const records = Array.from({ length: 20 }, (_, index) => `<record id="${index}">${'x'.repeat(80)}</record>`)
    for (const record of records) put(record)
    const running = start()
    const first = [...records, '</log>']
    await expect.poll(running.texts, POLL).toEqual(first)
    for (let count = 1; count <= 5; count++) {
      put(`<record>${'y'.repeat(100 + count)}</record>`)
      await expect.poll(() => running.files()[0]?.position, POLL).toBe(offset + '</log>\n'.length)
    }
    closeSync(fd)
    expect(await running.metric('truncations_total')).toBe(1)
    // Once anew with its first new record; later ones without what lies before the place.
    expect(running.texts().slice(first.length, 2 * first.length + 1)).toEqual([...records, `<record>${'y'.repeat(101)}</record>`, '</log>'])
    expect(running.texts()).toHaveLength(2 * first.length + 1 + 4 * 2)
  })

  test('a file that was set aside beforehand is followed as it is filled', async () => {
    writeFileSync(folder.path('a.log'), Buffer.alloc(100_000))
    const fd = openSync(folder.path('a.log'), 'r+')
    let offset = writeSync(fd, `${banner}\n`, 0)
    const running = start()
    await expect.poll(running.texts, POLL).toEqual([banner])
    for (let count = 1; count <= 3; count++) {
      // Whatever looks meanwhile finds it quiet.
      await clockTick()
      offset += writeSync(fd, `line ${count}\n`, offset)
      await expect.poll(() => running.texts().at(-1), POLL).toBe(`line ${count}`)
    }
    closeSync(fd)
    await expectExactly(running, [banner, 'line 1', 'line 2', 'line 3'])
  })

  const lastLong = 'last, and longer than all that was before'
  test.each<[what: string, rotate: () => void, expected: readonly string[]]>([
    ['without a copy', () => truncateSync(folder.path('a.log')), []],
    [
      'with a copy',
      () => {
        folder.append('a.log', 'two\n')
        copyTruncate('a.log', 'a.log.1')
      },
      ['two'],
    ],
    [
      'twice, with copies',
      () => {
        folder.append('a.log', 'two\n')
        copyTruncate('a.log', 'a.log.2')
        clockTickInPlace()
        folder.append('a.log', `${banner}\nthird, and longer than the first\n`)
        copyTruncate('a.log', 'a.log.1')
      },
      ['two', banner, 'third, and longer than the first'],
    ],
  ])('cut between two looks, %s, and longer by then than before, with the same beginning', async (_, rotate, expected) => {
    folder.append('a.log', `${banner}\none\n`)
    const running = start()
    await expect.poll(running.texts, POLL).toEqual([banner, 'one'])
    clockTickInPlace()
    rotate()
    clockTickInPlace()
    folder.append('a.log', `${banner}\n${lastLong}\n`)
    await expectExactly(running, [banner, 'one', ...expected, banner, lastLong])
    expect(await running.metric('truncations_total')).toBe(1)
    expect(errors).toEqual([])
    await running.stop()
    await expectExactly(start(), [])
  })

  test.each<[what: string, rotate: () => void, expected: readonly string[]]>([
    ['cut', () => copyTruncate('a.log', 'a.log.1'), ['two', banner, 'three']],
    [
      'cut, and the copy compressed by the next rotation',
      () => {
        copyTruncate('a.log', 'a.log.1')
        compress('a.log.1', 'a.log.2.gz')
        folder.append('a.log', `${banner}\nbetween\n`)
        clockTickInPlace()
        copyTruncate('a.log', 'a.log.1')
      },
      ['two', banner, 'between', banner, 'three'],
    ],
    ['copied as a backup, and not cut', () => copyFileSync(folder.path('a.log'), folder.path('a.log.1')), ['two', banner, 'three']],
    [
      'compressed as a backup, and not cut',
      () => writeFileSync(folder.path('a.log.1.gz'), gzipSync(readFileSync(folder.path('a.log')))),
      ['two', banner, 'three'],
    ],
  ])('%s while nothing ran, and longer by then than before, with the same beginning', async (_, rotate, expected) => {
    folder.append('a.log', `${banner}\none\n`)
    await readAndStop([banner, 'one'])
    folder.append('a.log', 'two\n')
    await clockTick()
    rotate()
    folder.append('a.log', `${banner}\nthree\n`)
    await expectExactly(start(), expected)
  })

  test('cut while nothing ran after all of it was read, and longer by then than before, with the same beginning', async () => {
    folder.append('a.log', `${banner}\none\n`)
    await readAndStop([banner, 'one'])
    await clockTick()
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', `${banner}\nand more than one\n`)
    await expectExactly(start(), [banner, 'and more than one'])
  })

  test('cut while nothing ran, after no more than the beginning of a line was written before and since', async () => {
    folder.append('a.log', 'line')
    const running = start()
    await vi.waitFor(() => expect(readFileSync(folder.path('positions.yaml'), 'utf8')).toContain('"inode"'), POLL)
    await running.kill()
    folder.append('a.log', ' one\n')
    await clockTick()
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'line')
    const again = start()
    await expect.poll(again.texts, POLL).toEqual(['line one'])
    folder.append('a.log', ' two\n')
    await expectExactly(again, ['line one', 'line two'])
  })

  test('a copy that was read already is known when the glob finds it, now and later', async () => {
    folder.append('a.log', 'one\ntwo\n')
    const running = start('*')
    await vi.waitFor(() => expect(running.texts()).toContain('two'), POLL)
    copyTruncate('a.log', 'a.log.1')
    folder.append('a.log', 'three\n')
    await vi.waitFor(() => expect(running.texts()).toContain('three'), POLL)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(running.texts().filter((line) => line === 'one')).toHaveLength(1)
  })
})

describe('what cannot be had any more is counted', () => {
  test('a file that is cut without a copy', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log', { batchBytes: 1 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    for (const [count, text] of ['two\n', 'three\n'].entries()) {
      folder.append('a.log', text)
      await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(count + 2), POLL)
    }
    folder.append('a.log', 'lost\n')
    await vi.waitFor(() => expect(running.files()[0]?.size).toBe(19), POLL)
    writeFileSync(folder.path('a.log'), 'x\n')
    await vi.waitFor(async () => expect(await running.metric('lost_bytes_total')).toBe(5), POLL)
    running.blocked = false
    await expectExactly(running, ['one', 'two', 'three', 'x'])
    expect(errors).toEqual([{ message: 'lines of a file cannot be read any more', bytes: 5 }])
  })

  test('a file that is deleted with unread lines while nothing runs', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log', { batchBytes: 1, stopWaitMs: 20 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(2), POLL)
    await running.stop({ stayBlocked: true })
    rmSync(folder.path('a.log'))
    folder.append('a.log', 'three\n')
    const again = start()
    await expectExactly(again, ['three'])
    expect(await again.metric('lost_bytes_total')).toBe(4)
    expect(errors).toHaveLength(1)
  })

  test('not what was read, and not a file that somebody put in its place', async () => {
    folder.append('a.log', 'one\n')
    await readAndStop(['one'])
    rmSync(folder.path('a.log'))
    folder.append('a.log', 'two\n')
    const running = start()
    await expectExactly(running, ['two'])
    expect(await running.metric('lost_bytes_total')).toBe(0)
  })
})

describe('while the gateway is away', () => {
  test('files that are rotated and deleted are still had', async () => {
    folder.append('a.log', 'one\n')
    const running = start('*.log', { batchBytes: 1 })
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(async () => expect(await running.metric('read_lines_total')).toBe(2), POLL)
    for (const [number, text] of ['three\n', 'four\n', 'five\n'].entries()) {
      await clockTick()
      rename('a.log', `a.log.${number}`)
      folder.append('a.log', text)
      await vi.waitFor(async () => expect(await running.metric('files_active')).toBe(number + 2), POLL)
    }
    for (const number of [0, 1, 2]) rmSync(folder.path(`a.log.${number}`))
    running.blocked = false
    await expectExactly(running, ['one', 'two', 'three', 'four', 'five'])
  })

  test('only files with unread lines lag', async () => {
    folder.append('a.log', 'one\n')
    folder.append('b.log', 'one\n')
    const running = start('*.log', { batchBytes: 1 })
    await vi.waitFor(() => expect(running.sent).toHaveLength(2), POLL)
    running.blocked = true
    folder.append('a.log', 'two\n')
    await vi.waitFor(() => expect(running.files().find(({ path }) => path.endsWith('a.log'))?.lagSeconds).toBeGreaterThan(0.1), POLL)
    await vi.waitFor(() => expect(running.files().find(({ path }) => path.endsWith('b.log'))?.lagSeconds).toBe(0), POLL)
    expect(await running.lags()).toEqual([{ job: 'test', filename: folder.path('a.log') }])
  })
})

describe('links', () => {
  test('a link that is led to another file: the one before is read to its end', async () => {
    mkdirSync(folder.path('real'))
    folder.append('real/0.log', 'one\n')
    symlinkSync('real/0.log', folder.path('web.log'))
    const running = start('*.log')
    await expect.poll(running.texts, POLL).toEqual(['one'])
    running.blocked = true
    folder.append('real/0.log', 'two\n')
    folder.append('real/1.log', 'three\n')
    symlinkSync('real/1.log', folder.path('next'))
    rename('next', 'web.log')
    running.blocked = false
    await expectExactly(running, ['one', 'two', 'three'])
  })

  test('what a rotation made of the file behind a link while nothing ran', async () => {
    mkdirSync(folder.path('real'))
    folder.append('real/0.log', 'one\n')
    symlinkSync('real/0.log', folder.path('web.log'))
    await readAndStop(['one'])
    folder.append('real/0.log', 'two\n')
    rename('real/0.log', 'real/0.log.20240101-000000')
    compress('real/0.log.20240101-000000')
    await clockTick()
    folder.append('real/0.log', 'three\n')
    rename('real/0.log', 'real/0.log.20240101-000100')
    folder.append('real/0.log', 'four\n')
    await expectExactly(start(), ['two', 'three', 'four'])
  })

  test('a file that is found by two globs and a link is read once', async () => {
    mkdirSync(folder.path('real'))
    folder.append('real/0.log', 'one\n')
    symlinkSync('real/0.log', folder.path('web.log'))
    source = startSource(folder, [
      jobOf('test', { __path__: folder.path('*.log') }, { __path__: folder.path('real/*.log') }, { __path__: folder.path('**/*.log') }),
    ])
    await expectExactly(source, ['one'])
    appendFileSync(folder.path('real/0.log'), 'two\n')
    await expectExactly(source, ['one', 'two'])
  })
})

describe('names', () => {
  test('a file that is gone but for what a rotation made of it', async () => {
    folder.append('a.log', 'one\n')
    await readAndStop(['one'])
    folder.append('a.log', 'two\n')
    rename('a.log', 'a.log.1')
    await expectExactly(start(), ['two'])
  })

  test('rotated files that were there before the first start are not read, neither when they are compressed later', async () => {
    folder.append('a.log.1', 'old\n')
    await clockTick()
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    compress('a.log.1', 'a.log.2.gz')
    rename('a.log', 'a.log.1')
    folder.append('a.log', 'two\n')
    await expectExactly(running, ['one', 'two'])
  })

  test('another log whose name goes on after that of a followed one is none of its rotated files', async () => {
    folder.append('a.log', 'one\n')
    const running = start()
    await expect.poll(running.texts, POLL).toEqual(['one'])
    await clockTick()
    folder.append('a.log.audit', 'secret\n')
    rename('a.log', 'a.log.1')
    folder.append('a.log', 'two\n')
    await expectExactly(running, ['one', 'two'])
  })

  test('an inode that is used again is another file', async () => {
    folder.append('a.log', 'one\n')
    await readAndStop(['one'])
    const positions = readFileSync(folder.path('positions.yaml'), 'utf8')
    await clockTick()
    rename('a.log', 'a.log.1')
    writeFileSync(folder.path('a.log.1'), 'unseen, as long as it is\n')
    folder.append('a.log', 'two\n')
    expect(positions).toContain('"offset":4')
    await expectExactly(start(), ['unseen, as long as it is', 'two'])
  })
})

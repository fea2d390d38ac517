import { closeSync, fstatSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { archiveTextBytes, openArchive, readArchiveHead } from './archive.ts'
import { createTestFolder, type TestFolder } from './run-source.test-kit.ts'

let folder: TestFolder
beforeEach(() => {
  folder = createTestFolder()
})
afterEach(() => folder.remove())

/** All that an archive gives, and how it ended. */
async function unpack(bytes: Uint8Array): Promise<{ text: Buffer; broken: string; unreadBytes: number }> {
  const path = folder.path('x.gz')
  writeFileSync(path, bytes)
  const pieces: Buffer[] = []
  let [broken, unreadBytes] = ['', 0]
  let ready: () => void = () => undefined
  const archive = openArchive({
    open: () => openSync(path, 'r'),
    size: bytes.length,
    onReady: () => ready(),
    onBroken: (error, unread) => {
      broken = error.message
      unreadBytes = unread
    },
  })
  for (;;) {
    const piece = archive.take()
    if (piece === undefined) await new Promise<void>((resolve) => (ready = resolve))
    else if (piece.length === 0) break
    else pieces.push(piece)
  }
  archive.close()
  return { text: Buffer.concat(pieces), broken, unreadBytes }
}

/** Of whatever a descriptor leads to now. */
function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino
  } catch {
    return undefined
  }
}

const TEXT = Buffer.from(Array.from({ length: 30_000 }, (_, index) => `line ${index} ${(index * 7919) % 10_007}\n`).join(''))

describe('openArchive', () => {
  test('the file is held until it is closed, also when all of it was taken: a deleted one keeps its inode', async () => {
    const path = folder.path('x.gz')
    writeFileSync(path, gzipSync('text'))
    let fd = -1
    let ready: () => void = () => undefined
    const open = (): number => (fd = openSync(path, 'r'))
    const archive = openArchive({ open, size: 100, onReady: () => ready(), onBroken: () => undefined })
    for (;;) {
      const piece = archive.take()
      if (piece === undefined) await new Promise<void>((resolve) => (ready = resolve))
      else if (piece.length === 0) break
    }
    const { ino } = statSync(path)
    rmSync(path)
    // A stream that closes by itself has done so by then.
    for (let turn = 0; turn < 20; turn++) await readdir(folder.path('.'))
    expect(fstatSync(fd).ino).toBe(ino)
    archive.close()
    await expect.poll(() => inodeOf(fd)).not.toBe(ino)
  })

  test('the whole text, of one member or of several', async () => {
    expect(await unpack(gzipSync(TEXT))).toEqual({ text: TEXT, broken: '', unreadBytes: 0 })
    const members = Buffer.concat([gzipSync(TEXT.subarray(0, 1000)), gzipSync(TEXT.subarray(1000))])
    expect(await unpack(members)).toEqual({ text: TEXT, broken: '', unreadBytes: 0 })
    expect(await unpack(gzipSync(''))).toEqual({ text: Buffer.alloc(0), broken: '', unreadBytes: 0 })
  })

  test('of a file that was cut all that is in it', async () => {
    const { text, broken } = await unpack(gzipSync(TEXT).subarray(0, -1000))
    expect(broken).toContain('unexpected end of file')
    expect(text.length).toBeGreaterThan(TEXT.length / 2)
    expect(text).toEqual(TEXT.subarray(0, text.length))
  })

  test('of a file with a broken end all but the last bytes', async () => {
    const packed = gzipSync(TEXT)
    packed.fill(0, packed.length - 8)
    const { text, broken } = await unpack(packed)
    expect(broken).toContain('incorrect data check')
    expect(text.length).toBeGreaterThan(TEXT.length - 1024)
    expect(text).toEqual(TEXT.subarray(0, text.length))
  })

  test.each([
    ['no gzip file', Buffer.from('just text\n'), 'incorrect header check', 10],
    ['an empty file', Buffer.alloc(0), '', 0],
  ])('%s gives nothing', async (_, bytes, message, unread) => {
    const { text, broken, unreadBytes } = await unpack(bytes)
    expect(text).toEqual(Buffer.alloc(0))
    expect(broken).toContain(message)
    expect(unreadBytes).toBeLessThanOrEqual(unread)
  })

  test('a file that is not there', () => {
    const none = { size: 0, onReady: () => undefined, onBroken: () => undefined }
    expect(() => openArchive({ ...none, open: () => openSync(folder.path('missing.gz'), 'r') })).toThrow('ENOENT')
  })

  test('a broken file that has another name when it is tried once more: what was taken of it', async () => {
    const packed = gzipSync(TEXT).subarray(0, -1000)
    writeFileSync(folder.path('x.gz'), packed)
    let opened = 0
    const open = (): number => {
      if (opened++ > 0) throw new Error('gone')
      return openSync(folder.path('x.gz'), 'r')
    }
    const unread = await new Promise<number>((resolve) => {
      const archive = openArchive({
        open,
        size: packed.length,
        onReady: () => {
          while ((archive.take()?.length ?? 0) > 0);
        },
        onBroken: (_, bytes) => resolve(bytes),
      })
    })
    expect([opened, unread]).toEqual([2, 0])
  })
})

describe('the head and the length of the text', () => {
  const look = (bytes: Uint8Array) => {
    writeFileSync(folder.path('x.gz'), bytes)
    const fd = openSync(folder.path('x.gz'), 'r')
    try {
      return { head: readArchiveHead(fd), length: archiveTextBytes(fd) }
    } finally {
      closeSync(fd)
    }
  }
  test.each([
    ['a long text', gzipSync(TEXT), TEXT.subarray(0, 1024), TEXT.length],
    ['a short text', gzipSync('abc\n'), Buffer.from('abc\n'), 4],
    ['text that does not shrink', gzipSync(TEXT, { level: 0 }), TEXT.subarray(0, 1024), TEXT.length],
    ['nothing', Buffer.alloc(0), Buffer.alloc(0), 0],
  ])('of %s', (_, bytes, head, length) => {
    expect(look(bytes)).toEqual({ head, length })
  })
  test('of a file that is no gzip file there is no head', () => {
    expect(look(Buffer.from('just text\n')).head).toEqual(Buffer.alloc(0))
  })
})

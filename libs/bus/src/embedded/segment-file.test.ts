import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import {
  createSegmentFile,
  decodeSegmentHeader,
  encodeSegmentHeader,
  openLogFile,
  parseSegmentFileName,
  segmentFileName,
} from './segment-file.ts'
import { temporaryDirectory } from './test-kit.ts'

describe('createSegmentFile', () => {
  test('writes all of it, also when the system takes a part at a time', async () => {
    const path = join(temporaryDirectory(), 'file')
    const file = createSegmentFile(path, async (name) => {
      const whole = await openLogFile(name)
      return {
        read: (buffer, offset, length, position) => whole.read(buffer, offset, length, position),
        truncate: (length) => whole.truncate(length),
        stat: () => whole.stat(),
        datasync: () => whole.datasync(),
        close: () => whole.close(),
        writev: (buffers, position) => whole.writev([Buffer.concat(buffers).subarray(0, 7)], position),
      }
    })
    const parts = ['one', '', 'the second part', 'x', 'and the last']
    await file.write(
      parts.map((part) => Buffer.from(part)),
      0,
    )
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe(parts.join(''))
  })

  test('reads up to the end of the file', async () => {
    const file = createSegmentFile(join(temporaryDirectory(), 'file'), openLogFile)
    await file.write([Buffer.from('0123456789')], 0)
    expect((await file.read(4, 100)).toString()).toBe('456789')
    expect(await file.read(10, 100)).toHaveLength(0)
    await file.close()
  })

  test('a removed file is not made again by a reader that comes late', async () => {
    const path = join(temporaryDirectory(), 'file')
    const file = createSegmentFile(path, openLogFile)
    await file.write([Buffer.from('x')], 0)
    await file.remove()
    await expect(file.read(0, 1)).rejects.toThrow(`${path} is closed`)
    expect(existsSync(path)).toBe(false)
  })

  test('a file that cannot be opened may be opened later', async () => {
    let fails = true
    const file = createSegmentFile(join(temporaryDirectory(), 'file'), (path) =>
      fails ? Promise.reject(new Error('EMFILE')) : openLogFile(path),
    )
    await expect(file.sync()).rejects.toThrow('EMFILE')
    fails = false
    await file.sync()
    await file.close()
    await file.close()
  })
})

describe('the header of a segment', () => {
  const header = encodeSegmentHeader(2 ** 40 + 5, 2 ** 40)

  test('says where the segment before ended', () => {
    expect(decodeSegmentHeader(header, 'x')).toBe(2 ** 40)
    expect(decodeSegmentHeader(Buffer.concat([header, Buffer.alloc(9)]), 'x')).toBe(2 ** 40)
  })

  test('cut or changed it says nothing', () => {
    for (let at = 0; at < header.length; at++) {
      const changed = Buffer.from(header)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect([decodeSegmentHeader(header.subarray(0, at), 'x'), decodeSegmentHeader(changed, 'x')]).toEqual([undefined, undefined])
    }
  })

  test.each([0, 1, 1234, Number.MAX_SAFE_INTEGER])('the name of the file says where it begins: %d', (base) => {
    expect(parseSegmentFileName(segmentFileName(base))).toBe(base)
  })

  test.each(['', '1.log', 'x0000000000000000000.log', '00000000000000000001.log.new', '00000000000000000001'])(
    '%j is no segment',
    (name) => {
      expect(parseSegmentFileName(name)).toBeUndefined()
    },
  )
})

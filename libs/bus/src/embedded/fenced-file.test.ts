import { join } from 'node:path'

import { expect, test } from 'vitest'

import { fencedBy } from './fenced-file.ts'
import { openLogFile } from './segment-file.ts'
import { temporaryDirectory } from './test-kit.ts'

test('a file is read, synced and closed, but neither made, written nor cut off any more', async () => {
  let isHeld = true
  const assertHeld = (): void => {
    if (!isHeld) throw new Error('lost')
  }
  const directory = temporaryDirectory()
  const open = fencedBy(assertHeld, openLogFile)
  const file = await open(join(directory, 'a'))
  await file.writev([Buffer.from('abc')], 0)
  isHeld = false
  await expect(file.writev([Buffer.from('d')], 3)).rejects.toThrow('lost')
  await expect(file.truncate(0)).rejects.toThrow('lost')
  await expect(open(join(directory, 'b'))).rejects.toThrow('lost')
  const bytes = Buffer.alloc(10)
  expect(await file.read(bytes, 0, 10, 0)).toMatchObject({ bytesRead: 3 })
  await file.datasync()
  expect(await file.stat()).toMatchObject({ size: 3 })
  await file.close()
})

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { RetryableError } from '@clymene/model'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createDirectoryLedgerStore } from './directory-store.ts'
import { never } from './testing/silent.ts'

describe('books in a directory', () => {
  let root: string
  let directory: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ledger-'))
    directory = join(root, 'books')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))
  const bytes = (text: string): Buffer => Buffer.from(text)

  test('what was saved last is there, also for another process', async () => {
    const store = createDirectoryLedgerStore(directory)
    await store.save('book/g/s/t/0', bytes('one'), never)
    await store.save('book/g/s/t/0', bytes('two'), never)
    await store.save('__proto__', bytes('three'), never)
    const other = createDirectoryLedgerStore(directory)
    expect(await other.load('book/g/s/t/0', never)).toEqual(bytes('two'))
    expect(await other.all(never)).toEqual(
      new Map([
        ['__proto__', bytes('three')],
        ['book/g/s/t/0', bytes('two')],
      ]),
    )
  })

  test('nothing was saved: nothing is there, and no directory is made', async () => {
    const store = createDirectoryLedgerStore(directory)
    expect(await store.load('a', never)).toBeUndefined()
    expect(await store.all(never)).toEqual(new Map())
    expect(existsSync(directory)).toBe(false)
  })

  test('states of one name are kept in the order of the calls', async () => {
    const store = createDirectoryLedgerStore(directory)
    const texts = Array.from({ length: 20 }, (_, index) => `${index}`)
    await Promise.all(texts.map((text) => store.save('a', bytes(text), never)))
    expect(await store.load('a', never)).toEqual(bytes('19'))
    expect(readdirSync(directory)).toEqual(['a.book'])
  })

  test('the half of a file that a crash left is not read', async () => {
    const store = createDirectoryLedgerStore(directory)
    await store.save('a', bytes('whole'), never)
    writeFileSync(join(directory, 'a.book.new'), 'hal')
    expect(await store.all(never)).toEqual(new Map([['a', bytes('whole')]]))
    await store.save('a', bytes('next'), never)
    expect(readdirSync(directory)).toEqual(['a.book'])
  })

  test.each([
    ['a file stands where the directory should', 'a'],
    ['a name that no file can have', 'x'.repeat(300)],
  ])('%s: it may be mended, so it is retryable, and names the place', async (_, name) => {
    writeFileSync(directory, 'not a directory')
    if (name.length > 1) {
      rmSync(directory)
      mkdirSync(directory)
    }
    const saved = createDirectoryLedgerStore(directory).save(name, bytes('x'), never)
    await expect(saved).rejects.toBeInstanceOf(RetryableError)
    await expect(saved).rejects.toThrow(directory)
  })

  test('an abort before it begins saves nothing', async () => {
    const stop = AbortSignal.abort(new Error('stopped'))
    await expect(createDirectoryLedgerStore(directory).save('a', bytes('x'), stop)).rejects.toThrow('stopped')
    expect(existsSync(directory)).toBe(false)
  })
})

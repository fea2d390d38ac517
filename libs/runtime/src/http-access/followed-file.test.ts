import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { followFile } from './followed-file.ts'

let folder = ''
let clock = 0
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-followed-'))
  clock = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string): string => join(folder, name)
const write = (name: string, text: string): void => writeFileSync(at(name), text)

/** Reads as text, a second later each time. */
function follow(path: string): () => string {
  const file = followFile(path, () => clock)
  return () => {
    clock += 1000
    return file.read().toString()
  }
}

test('a file that is not there yet is opened by the first read that finds it', () => {
  const read = follow(at('a'))
  expect(read).toThrow(`cannot read ${at('a')}: no such file`)
  write('a', 'one')
  expect(read()).toBe('one')
})

test('looks once a second, and gives the same Buffer while the content is the same', () => {
  write('a', 'one')
  const file = followFile(at('a'), () => clock)
  const first = file.read()
  write('a', 'two')
  clock = 999
  expect(file.read()).toBe(first)
  clock = 1000
  expect(file.read().toString()).toBe('two')
  const second = file.read()
  write('a', 'two')
  clock = 2000
  expect(file.read()).toBe(second)
})

test('replaced by rename', () => {
  write('a', 'one')
  const read = follow(at('a'))
  expect(read()).toBe('one')
  write('b', 'two')
  renameSync(at('b'), at('a'))
  expect(read()).toBe('two')
})

test('a mounted secret: the link to the folder is switched, the old folder goes', () => {
  const mount = (version: string, text: string): void => {
    mkdirSync(at(version))
    write(`${version}/token`, text)
    symlinkSync(version, at('..data_tmp'))
    renameSync(at('..data_tmp'), at('..data'))
  }
  mount('..1', 'one')
  symlinkSync('..data/token', at('token'))
  const read = follow(at('token'))
  expect(read()).toBe('one')
  mount('..2', 'two')
  rmSync(at('..1'), { recursive: true })
  expect(read()).toBe('two')
})

test('another content of the same size, time and file', () => {
  const when = new Date(1_700_000_000_000)
  const writeAt = (text: string): void => {
    write('a', text)
    utimesSync(at('a'), when, when)
  }
  writeAt('one')
  const read = follow(at('a'))
  expect(read()).toBe('one')
  writeAt('two')
  expect(read()).toBe('two')
})

test('gone and back: what it held is not used meanwhile', () => {
  write('a', 'one')
  const read = follow(at('a'))
  expect(read()).toBe('one')
  unlinkSync(at('a'))
  expect(read).toThrow(`cannot read ${at('a')}: no such file`)
  expect(read).toThrow('no such file')
  write('a', 'one')
  expect(read()).toBe('one')
})

test.each<[name: string, make: (path: string) => void, message: string]>([
  ['a folder', (path) => mkdirSync(path), 'it is not a file'],
  ['something without end', (path) => symlinkSync('/dev/zero', path), 'it is not a file'],
  [
    'a file of more than 4 MiB',
    (path) => (writeFileSync(path, ''), truncateSync(path, 4 * 1024 * 1024 + 1)),
    'it has 4194305 bytes, expected at most 4194304',
  ],
  ['a folder on the way that is a file', (path) => symlinkSync(join('x', 'y'), (write('x', ''), path)), 'ENOTDIR'],
  ['links in a circle', (path) => symlinkSync(path, path), 'ELOOP'],
])('%s cannot be read', (_name, make, message) => {
  make(at('a'))
  expect(follow(at('a'))).toThrow(`cannot read ${at('a')}: ${message}`)
})

test('4 MiB can', () => {
  write('a', '')
  truncateSync(at('a'), 4 * 1024 * 1024)
  expect(follow(at('a'))()).toHaveLength(4 * 1024 * 1024)
})

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { compileGlob, createFolders } from './glob.ts'
import { createTestFolder } from './run-source.test-kit.ts'

describe('matches', () => {
  test.each([
    ['/a/b.log', '/a/b.log', true],
    ['/a/*.log', '/a/b.log', true],
    ['/a/*.log', '/a/c/b.log', false],
    ['/a/*', '/a/.hidden', true],
    ['/a/?.log', '/a/b.log', true],
    ['/a/?.log', '/a/bb.log', false],
    ['/a/**/b.log', '/a/b.log', true],
    ['/a/**/b.log', '/a/x/y/b.log', true],
    ['/a/**', '/a/x/y', true],
    ['/a/**', '/b/x', false],
    ['/a/[bc].log', '/a/c.log', true],
    ['/a/[!bc].log', '/a/c.log', false],
    ['/a/[b-d].log', '/a/c.log', true],
    ['/a/{b,c/d}.log', '/a/c/d.log', true],
    ['/a/{b,c{1,2}}', '/a/c2', true],
    ['/a/{b', '/a/{b', true],
    [String.raw`/a/\*.log`, '/a/*.log', true],
    [String.raw`/a/\*.log`, '/a/b.log', false],
    ['/a/b.log', '/a/bxlog', false],
    ['/a/+(b)', '/a/+(b)', true],
    ['/var/log/pods/*f3c1/nginx/*.log', '/var/log/pods/shop_web_f3c1/nginx/0.log', true],
    ['//a//b', '/a/b', true],
    ['/a/*.log', '/a/x\ny.log', true],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(compileGlob(pattern).matches(path)).toBe(expected)
  })

  test.each([
    ['relative/*.log', 'expected an absolute path, found "relative/*.log"'],
    ['', 'expected an absolute path, found ""'],
    [`/${'{a,b}'.repeat(20)}`, 'expands to more than 1000 paths'],
  ])('%s is refused', (pattern, message) => {
    expect(() => compileGlob(pattern)).toThrow(message)
  })

  test('many stars do not take long', () => {
    expect(compileGlob(`/${'*a'.repeat(12)}b`).matches(`/${'a'.repeat(60)}`)).toBe(false)
  })
})

describe('find', () => {
  const folder = createTestFolder()
  beforeAll(() => {
    for (const name of ['a.log', 'b.log', 'c.txt', '\uFFFD.md', 'x/a.log', 'x/y/a.log', 'x/y/z/b.log']) {
      mkdirSync(dirname(folder.path(name)), { recursive: true })
      writeFileSync(folder.path(name), '')
    }
    symlinkSync(folder.path('c.txt'), folder.path('link.log'))
    symlinkSync(folder.path('missing'), folder.path('dangling.log'))
    symlinkSync(folder.path('x'), folder.path('linked'))
    symlinkSync(folder.path(''), folder.path('x/loop'))
  })
  afterAll(() => folder.remove())

  const find = (pattern: string): readonly string[] =>
    compileGlob(folder.path(pattern))
      .find(
        createFolders(1000, () => undefined),
        () => undefined,
      )
      .map((path) => path.slice(folder.path('').length + 1))

  test.each([
    ['*.log', ['a.log', 'b.log', 'link.log']],
    ['a.log', ['a.log']],
    ['missing.log', []],
    ['*.md', ['\uFFFD.md']],
    ['x', []],
    ['x/*', ['x/a.log']],
    ['*/a.log', ['linked/a.log', 'x/a.log']],
    ['**/a.log', ['a.log', 'x/a.log', 'x/y/a.log']],
    ['x/**', ['x/a.log', 'x/y/a.log', 'x/y/z/b.log']],
    ['{a,c}.*', ['a.log', 'c.txt']],
    ['missing/*.log', []],
  ])('%s', (pattern, expected) => {
    expect(find(pattern)).toEqual(expected)
  })

  test('a search ends at its limit, and says so once', () => {
    const told: string[] = []
    const found = compileGlob(folder.path('**/*')).find(
      createFolders(3, (path) => told.push(path)),
      () => undefined,
    )
    expect(found.length).toBeLessThan(6)
    expect(told).toHaveLength(1)
  })

  test('globs of one search read a folder once', () => {
    const folders = createFolders(1000, () => undefined)
    compileGlob(folder.path('*.log')).find(folders, () => undefined)
    writeFileSync(folder.path('new.log'), '')
    expect(compileGlob(folder.path('new*')).find(folders, () => undefined)).toEqual([])
    expect([...folders.seen()]).toEqual([folder.path('')])
  })
})

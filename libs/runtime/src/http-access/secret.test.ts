import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { secretFile, secretText } from './secret.ts'

const folder = mkdtempSync(join(tmpdir(), 'clymene-secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a text is what it is', () => {
  expect(secretText(' s ')()).toBe(' s ')
})

test.each([
  ['plain', 'secret', 'secret'],
  ['with a line end', 'secret\n', 'secret'],
  ['with that of Windows', 'secret\r\n', 'secret'],
  ['with blanks around it', ' \n\tsecret  \n\n', 'secret'],
  ['with blanks inside', 'a secret\n', 'a secret'],
  ['in UTF-8', 'pässwörd €\n', 'pässwörd €'],
])('a file %s', (_name, content, expected) => {
  const path = join(folder, 'token')
  writeFileSync(path, content)
  expect(secretFile(path)()).toBe(expected)
})

test.each(['', '\n', ' \r\n'])('an empty file, %j, is an error', (content) => {
  const path = join(folder, 'token')
  writeFileSync(path, content)
  expect(secretFile(path)).toThrow(`cannot use ${path}: it is empty`)
})

test('making one opens nothing', () => {
  expect(secretFile('/nowhere/token')).toThrow('cannot read /nowhere/token: no such file')
})

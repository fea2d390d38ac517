import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { rotatingFile } from './rotating-file.ts'

test('rotates by size, keeps so many, loses no line of what it keeps', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-log-'))
  const file = rotatingFile({ path: join(directory, 'clymene.log'), maxBytes: 20, keep: 2 })
  for (let line = 0; line < 8; line++) file.write(`line ${line}..\n`)
  expect(readdirSync(directory).toSorted()).toEqual(['clymene.log', 'clymene.log.1', 'clymene.log.2'])
  const all = ['.2', '.1', ''].map((suffix) => readFileSync(join(directory, `clymene.log${suffix}`), 'utf8')).join('')
  expect(all).toBe([2, 3, 4, 5, 6, 7].map((line) => `line ${line}..\n`).join(''))
  rmSync(directory, { recursive: true })
})

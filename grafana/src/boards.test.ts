import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { boards, textOf } from './boards.ts'

const folder = join(import.meta.dirname, '..')

test.each([...boards])('%s is what the code makes (npm run dashboards)', (file, board) => {
  expect(readFileSync(join(folder, file), 'utf8')).toBe(textOf(board))
})

test('no board is left over from before', () => {
  expect(readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'package.json')).toEqual([...boards.keys()])
})

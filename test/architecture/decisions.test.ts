import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../docs/adr')

test('every decision has a number of its own, which its title says, and stands in the list', () => {
  const files = readdirSync(FOLDER).filter((name) => name !== 'README.md')
  expect(files.filter((name) => !/^\d{3}-[a-z0-9-]+\.md$/.test(name))).toEqual([])
  expect(new Set(files.map((name) => name.slice(0, 3))).size).toBe(files.length)
  const entries = files.toSorted().map((name) => {
    const number = name.slice(0, 3)
    const [title = ''] = readFileSync(join(FOLDER, name), 'utf8').split('\n')
    return `- [${number}](${name}) ${title.replace(`# ${number} `, '')}`
  })
  const list = readFileSync(join(FOLDER, 'README.md'), 'utf8').split('\n')
  expect(list.filter((line) => line.startsWith('- '))).toEqual(entries)
})

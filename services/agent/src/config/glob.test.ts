import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { glob } from './glob.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-glob-'))
  mkdirSync(join(folder, 'one'))
  mkdirSync(join(folder, 'two'))
  for (const name of ['b.yml', 'a.yml', 'a.yaml', 'c*.yml', 'd].yml', 'é.yml', 'one/x.yml', 'two/x.yml', 'two/{x,y}.yml', '.hidden.yml'])
    writeFileSync(join(folder, name), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each<[pattern: string, names: readonly string[]]>([
  ['a.yml', ['a.yml']],
  ['none.yml', []],
  ['*.yaml', ['a.yaml']],
  ['?.yml', ['a.yml', 'b.yml', 'é.yml']],
  ['[a-b].yml', ['a.yml', 'b.yml']],
  ['[^a].yml', ['b.yml', 'é.yml']],
  ['a.y*ml', ['a.yaml', 'a.yml']],
  [String.raw`c\*.yml`, ['c*.yml']],
  ['d].yml', ['d].yml']],
  ['*.y', []],
  ['*/x.yml', ['one/x.yml', 'two/x.yml']],
  ['t*/?.yml', ['two/x.yml']],
  ['two/{x,y}.yml', ['two/{x,y}.yml']],
  ['two/{*}.yml', ['two/{x,y}.yml']],
  ['a.yml/*', []],
  ['none/*', []],
  ['.*', ['.hidden.yml']],
])('%s', (pattern, names) => {
  expect(glob(join(folder, pattern))).toEqual(names.map((name) => join(folder, name)))
})

test.each(['[a.yml', 'a[', '[]', '[b-a].yml', 'a\\'])('%s is no pattern', (pattern) => {
  expect(() => glob(join(folder, pattern))).toThrow('expected a pattern whose brackets')
})

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { journalctlMistakes } from './find-journalctl.ts'
import { readLogConfigs } from './read-configs.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
const configOf = (jobs: string) => readLogConfigs([{ path: 'p.yml', text: `scrape_configs: [${jobs}]` }], context)
const journal = configOf('{job_name: a, journal: {}}, {job_name: b, journal: {}}')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-program-'))
  for (const [name, mode] of [
    ['journalctl', 0o755],
    ['text', 0o644],
  ] as const) {
    writeFileSync(join(folder, name), '')
    chmodSync(join(folder, name), mode)
  }
  mkdirSync(join(folder, 'folder'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('no job reads the journal: nothing is needed', () => {
  expect(journalctlMistakes(configOf('{job_name: a, static_configs: []}'), 'journalctl', {})).toEqual([])
})

test.each<[what: string, program: string]>([
  ['by its name', 'journalctl'],
  ['by its path', '<folder>/journalctl'],
])('it is there, %s', (_what, program) => {
  expect(journalctlMistakes(journal, program.replace('<folder>', folder), { PATH: `/none::${folder}` })).toEqual([])
})

test.each<[what: string, program: string, path: string | undefined, why: string]>([
  ['no folder has it', 'journalctl', '/none:/nowhere', 'no folder of PATH has it (/none:/nowhere)'],
  ['no PATH', 'journalctl', undefined, 'no folder of PATH has it ()'],
  ['no program', 'text', '<folder>', 'no folder of PATH has it (<folder>)'],
  ['a folder', 'folder', '<folder>', 'no folder of PATH has it (<folder>)'],
  ['no such path', '<folder>/none', '', 'there is no such program'],
])('it is not there: %s', (_what, program, path, why) => {
  const here = (text: string): string => text.replace('<folder>', folder)
  const env = path === undefined ? {} : { PATH: here(path) }
  expect(journalctlMistakes(journal, here(program), env)).toEqual([
    `--logs.journalctl="${here(program)}": ${here(why)}; journal jobs ("a", "b") read the journal through journalctl of systemd`,
  ])
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { expectMistakes } from '../testing/expect-mistakes.ts'
import { readScrapeConfig } from './scrape-config.ts'

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-scrape-files-'))
  mkdirSync(join(folder, 'jobs'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string | Buffer): void => writeFileSync(join(folder, name), text)
const placed = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll(`${folder}/`, ''))

/** Reads `main.yml` with this text. */
function read(text: string) {
  const mistakes: string[] = []
  const config = readScrapeConfig({ text, path: join(folder, 'main.yml') }, { env: {}, context }, mistakes)
  return { config, names: config.jobs.map(({ name }) => name), mistakes: placed(mistakes), warnings: placed(config.warnings) }
}

const JOBS = (...names: readonly string[]): string => `scrape_configs: [${names.map((name) => `{job_name: ${name}}`).join(', ')}]`

test('jobs of the file itself come first, then those of each pattern in order', () => {
  write('jobs/b.yml', JOBS('b'))
  write('jobs/a.yml', JOBS('a1', 'a2'))
  write('other.json', JSON.stringify({ scrape_configs: [{ job_name: 'o' }] }))
  const { config, names, mistakes } = read(`${JOBS('m')}\nscrape_config_files: [other.json, jobs/*.yml]`)
  expect({ names, mistakes }).toEqual({ names: ['m', 'o', 'a1', 'a2', 'b'], mistakes: [] })
  expect(config.texts.map(({ path }) => path.slice(folder.length + 1))).toEqual(['main.yml', 'other.json', 'jobs/a.yml', 'jobs/b.yml'])
})

test('global holds for them too, and relative paths begin at their own file', () => {
  write('jobs/a.yml', 'scrape_configs: [{job_name: a, bearer_token_file: token}]')
  write('jobs/token', 'of the job')
  const { config } = read('global: {scrape_interval: 7s}\nscrape_config_files: [jobs/a.yml]')
  expect(config.jobs[0]?.intervalMs).toBe(7000)
  expect(config.missingFiles()).toEqual([])
  rmSync(join(folder, 'jobs/token'))
  expect(placed(config.missingFiles())).toEqual(['jobs/a.yml:1: scrape_configs[0].bearer_token_file: cannot read jobs/token: no such file'])
})

test('a file without jobs is a file', () => {
  write('jobs/a.yml', '')
  expect(read('scrape_config_files: [jobs/a.yml]')).toMatchObject({ names: [], mistakes: [], warnings: [] })
})

test('a pattern that names no file now is a warning: files may come', () => {
  expect(read('scrape_config_files: [jobs/*.yml, none.yml]').warnings).toEqual([
    'main.yml:1: scrape_config_files: "jobs/*.yml" names no file now',
    'main.yml:1: scrape_config_files: "none.yml" names no file now',
  ])
})

describe('a mistake names the file that it is in', () => {
  test.each<[name: string, text: string | Buffer, mistakes: readonly (string | RegExp)[]]>([
    ['a name of the main file', JOBS('x', 'm'), ['jobs/a.yml:1: scrape_configs[1].job_name: "m" is used by another job of main.yml']],
    ['a name of its own', JOBS('x', 'x'), ['jobs/a.yml:1: scrape_configs[1].job_name: "x" is used by another job of jobs/a.yml']],
    ['a name of an earlier file', JOBS('0'), ['jobs/a.yml:1: scrape_configs[0].job_name: "0" is used by another job of jobs/0.yml']],
    ['global', 'global: {}', ['jobs/a.yml:1: global: belongs into the main file, expected scrape_configs and nothing else']],
    ['another key', 'a: b', ['jobs/a.yml:1: a: unknown key']],
    ['files of files', 'scrape_config_files: [b.yml]', ['jobs/a.yml:1: scrape_config_files: unknown key']],
    ['a list', '- job_name: x', ['jobs/a.yml:1: expected a map at the top level']],
    ['no YAML', 'a: [', [/^jobs\/a\.yml:1: /]],
    ['no UTF-8', Buffer.from([0x61, 0xff]), ['jobs/a.yml: is not UTF-8']],
    ['a key of a job', 'scrape_configs:\n  - job_name: x\n    oops: 1', ['jobs/a.yml:3: scrape_configs[0].oops: unknown key']],
  ])('%s', (_name, text, mistakes) => {
    write('jobs/0.yml', JOBS('0'))
    write('jobs/a.yml', text)
    expectMistakes(read(`${JOBS('m')}\nscrape_config_files: [jobs/*.yml]`).mistakes, mistakes)
  })

  test('a folder that the pattern names', () => {
    mkdirSync(join(folder, 'jobs/a.yml'))
    expect(read('scrape_config_files: [jobs/*.yml]').mistakes).toEqual(['jobs/a.yml: is a folder, expected a file'])
  })

  test('a file that two patterns name', () => {
    write('jobs/a.yml', JOBS('a'))
    expect(read('scrape_config_files: [jobs/a.yml, jobs/*.yml]').mistakes).toEqual([
      'jobs/a.yml:1: scrape_configs[0].job_name: "a" is used by another job of jobs/a.yml',
    ])
  })
})

test('missing files of credentials are told by key and line, wherever in a job they stand', () => {
  write('there', 'x')
  const { config, mistakes } = read(
    [
      'scrape_configs:',
      '  - job_name: j',
      '    basic_auth: {username_file: there, password_file: gone}',
      '    tls_config: {ca_file: ca.pem}',
      '    http_headers: {x: {files: [there, h]}}',
      '    file_sd_configs: [{files: [targets.json]}]',
      '    kubernetes_sd_configs: [{role: pod, api_server: "https://k", authorization: {credentials_file: token}}]',
    ].join('\n'),
  )
  expect(mistakes).toEqual([])
  expect(placed(config.missingFiles())).toEqual([
    'main.yml:3: scrape_configs[0].basic_auth.password_file: cannot read gone: no such file',
    'main.yml:4: scrape_configs[0].tls_config.ca_file: cannot read ca.pem: no such file',
    'main.yml:5: scrape_configs[0].http_headers.x.files[1]: cannot read h: no such file',
    'main.yml:7: scrape_configs[0].kubernetes_sd_configs[0].authorization.credentials_file: cannot read token: no such file',
  ])
})

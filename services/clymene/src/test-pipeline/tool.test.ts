import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

import { testPipeline, testTool } from './tool.ts'

let folder = ''
const at = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-test-'))
  const STAGES = `
- json: {expressions: {level: level, msg: msg, time: time}}
- labels: {level: }
- timestamp: {source: time, format: RFC3339, action_on_failure: skip}
- drop: {source: level, value: debug, drop_counter_reason: too_quiet}
- output: {source: msg}
`
  writeFileSync(at('stages.yml'), STAGES)
  writeFileSync(at('expand.yml'), '- static_labels: {env: "${ENV:-none}"}\n')
  writeFileSync(at('wrong.yml'), '- cry: {}\n- crx: {}\n')
  const job = (name: string, label: string): string =>
    `  - {job_name: ${name}, static_configs: [{labels: {__path__: /a}}], pipeline_stages: [{static_labels: {from: ${label}}}]}\n`
  writeFileSync(at('promtail.yml'), `clients: [{url: "http://loki/push"}]\nscrape_configs:\n${job('a', 'x')}${job('b', 'y')}`)
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  process.exitCode = undefined
})

const LINES = ['{"level":"info","msg":"one","time":"2024-01-02T03:04:05Z"}', '{"level":"debug","msg":"two"}', 'three']

async function run(argv: readonly string[], lines: readonly string[] = LINES, env: NodeJS.ProcessEnv = {}, most = Infinity) {
  let [stdout, stderr] = ['', '']
  const gone = new AbortController()
  const terminal = {
    print: async (line: string): Promise<void> => {
      if (stdout.split('\n').length > most) gone.abort()
      gone.signal.throwIfAborted()
      stdout += `${line}\n`
    },
    tell: (line: string): void => void (stderr += `${line}\n`),
    gone: gone.signal,
  }
  const streams = { stdin: Readable.from([lines.join('\n')]), stderr: { write: (text: string) => (stderr += text) }, terminal }
  const failure = await testPipeline(argv, env, streams).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { stdout, stderr, failure: failure instanceof Error ? `${failure.name}: ${failure.message}` : failure }
}

test('prints what lines become: a time that no stage set is a dash', async () => {
  expect(await run([at('stages.yml'), '--labels=app=shop'])).toEqual({
    stdout: '2024-01-02T03:04:05Z\t{app="shop", level="info"}\tone\n-\t{app="shop"}\tthree\n',
    stderr: 'dropped: 1 (too_quiet)\n',
    failure: undefined,
  })
})

test('ends when nobody reads any more', async () => {
  const { stdout, failure } = await run([at('stages.yml')], LINES, {}, 1)
  expect([stdout.split('\n').length - 1, failure]).toEqual([1, undefined])
})

test('prints it for programs', async () => {
  const { stdout } = await run([at('stages.yml'), '--output=json', '--labels=app=shop'])
  expect(stdout.trimEnd().split('\n')).toEqual([
    '{"timestamp":"2024-01-02T03:04:05Z","labels":{"app":"shop","level":"info"},"line":"one"}',
    '{"timestamp":null,"labels":{"app":"shop"},"line":"three"}',
  ])
})

test('shows what stages do', async () => {
  const { stdout, stderr } = await run([at('stages.yml'), '--inspect'], ['{"level":"debug","msg":"two"}'])
  expect(stdout).toBe('')
  expect(stderr).toMatch(
    /^\{\} "\{.*\}"\n {2}json\n {4}\+ extracted level "debug"\n[^]*\n {2}drop {2}drops it \(too_quiet\)\ndropped: 1 \(too_quiet\)\n$/,
  )
  expect((await run([at('stages.yml'), '--inspect', '--color=always'])).stderr).toContain('\u001b[32m+ extracted level')
})

test('takes a job of a whole configuration, and tells what that warns of', async () => {
  expect(await run([at('promtail.yml'), '--job=b'], ['l'])).toEqual({
    stdout: '-\t{from="y"}\tl\n',
    stderr: expect.stringMatching(/^warning: .*promtail\.yml:1: clients: has no effect/),
    failure: undefined,
  })
})

test('lines have the labels that the static targets of the job have in common, and those that are given before them', async () => {
  const stages = 'pipeline_stages: [{match: {selector: "{app=\\"shop\\"}", stages: [{static_labels: {hit: y}}]}}]'
  const target = '{targets: [localhost], labels: {__path__: /a, app: shop, env: x, n: "1"}}'
  const rules = '{target_label: by, replacement: rule}'
  const job = (name: string, more: string): string => `  - {job_name: ${name}, ${stages}, ${more}}\n`
  writeFileSync(
    at('labels.yml'),
    `scrape_configs:\n${job('one', `static_configs: [${target}], relabel_configs: [${rules}]`)}${job(
      'two',
      `static_configs: [${target}, {labels: {__path__: /b, app: shop, n: "2"}}]`,
    )}${job('found', 'file_sd_configs: [{files: [/none.yml]}]')}`,
  )
  const outcome = async (...flags: readonly string[]) => {
    const { stdout, stderr } = await run([at('labels.yml'), ...flags], ['l'])
    return [stdout.split('\t')[1], stderr]
  }
  expect(await outcome('--job=one')).toEqual(['{app="shop", by="rule", env="x", hit="y", n="1"}', ''])
  expect(await outcome('--job=one', '--labels=app=other')).toEqual(['{app="other", by="rule", env="x", n="1"}', ''])
  expect(await outcome('--job=two')).toEqual(['{app="shop", hit="y"}', ''])
  expect(await outcome('--job=found')).toEqual(['{}', expect.stringContaining('--labels=name=value,…')])
  expect(await outcome('--job=found', '--labels=app=shop')).toEqual(['{app="shop", hit="y"}', ''])
})

test('puts variables in where it is asked for', async () => {
  const labels = async (...flags: readonly string[]) =>
    (await run([at('expand.yml'), ...flags], ['l'], { ENV: 'prod' })).stdout.split('\t')[1]
  expect([await labels(), await labels('--config.expand-env')]).toEqual(['{env="${ENV:-none}"}', '{env="prod"}'])
})

test('lines are read at the time that is told', async () => {
  writeFileSync(
    at('old.yml'),
    '- json: {expressions: {time: time}}\n- timestamp: {source: time, format: RFC3339}\n- drop: {older_than: 1h}\n',
  )
  const cameOut = async (now: string): Promise<boolean> => (await run([at('old.yml'), `--now=${now}`], [LINES[0] ?? ''])).stdout !== ''
  expect([await cameOut('2024-01-02T03:30:00Z'), await cameOut('2024-01-02T05:00:00Z')]).toEqual([true, false])
})

test('the guide to logs shows what its example does', async () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/logs.md'), 'utf8')
  const [, config = ''] = /```yaml\n([^]*?)```/.exec(guide) ?? []
  const [, shown = ''] = /```\n(\{filename=[^]*?)```/.exec(guide) ?? []
  writeFileSync(at('guide.yml'), config)
  const line = '{"level":"info","time":"2024-01-02T03:04:05.5Z","msg":"hello"}'
  const labels = '--labels=job=shop,filename=/srv/shop/log/a.log'
  const { stderr, failure } = await run([at('guide.yml'), labels, '--inspect', '--now=2024-01-02T03:04:06Z'], [line])
  expect({ stderr, failure }).toEqual({ stderr: shown, failure: undefined })
})

describe('what is expected', () => {
  const EXPECTED = '2024-01-02T03:04:05Z\t{level="info"}\tone\n-\t{}\tthree\n'

  test('came out: nothing is printed', async () => {
    writeFileSync(at('expected.txt'), EXPECTED)
    expect(await run([at('stages.yml'), `--expect=${at('expected.txt')}`])).toMatchObject({ stdout: '', failure: undefined })
  })

  test('did not come out: what differs is printed', async () => {
    writeFileSync(at('expected.txt'), EXPECTED.replace('three', 'four'))
    expect(await run([at('stages.yml'), `--expect=${at('expected.txt')}`])).toMatchObject({
      stdout: ' 2024-01-02T03:04:05Z\t{level="info"}\tone\n--\t{}\tfour\n+-\t{}\tthree\n',
      failure: `ExitError: --expect=${JSON.stringify(at('expected.txt'))}: 1 line is missing, 1 more than expected`,
    })
  })
})

describe('mistakes, all of them', () => {
  test.each<[name: string, argv: readonly string[], mistakes: readonly (string | RegExp)[]]>([
    ['no file', [], ['expected one file, with stages or a configuration of Promtail']],
    ['two files', ['a', 'b'], ['expected one file, with stages or a configuration of Promtail']],
    ['a file that is not there', ['<folder>/none.yml'], ['<folder>/none.yml: no such file']],
    [
      'stages',
      ['<folder>/wrong.yml'],
      [
        /^<folder>\/wrong\.yml:1: pipeline_stages\[0\]: unknown stage "cry"/,
        /^<folder>\/wrong\.yml:2: pipeline_stages\[1\]: unknown stage "crx"/,
      ],
    ],
    [
      'flags',
      ['<folder>/stages.yml', '--now=later', '--expect=<folder>/none.txt', '--labels=a', '--jb=b'],
      [
        '--jb: unknown flag, did you mean --job?',
        '--labels="a": expected name=value, found "a"',
        '--now="later": expected a time such as 2024-01-31T12:00:00Z',
        '--expect="<folder>/none.txt": no such file',
      ],
    ],
  ])('%s', async (_name, argv, mistakes) => {
    const { failure } = await run(argv.map((word) => word.replace('<folder>', folder)))
    const lines = String(failure)
      .replaceAll(folder, '<folder>')
      .replace(/^ConfigError: /, '')
      .split('\n')
    expect(lines).toEqual(mistakes.map((mistake) => (typeof mistake === 'string' ? mistake : expect.stringMatching(mistake))))
  })
})

test('--help says how', async () => {
  let stdout = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))))
  expect(await testTool.run(['--help'], {})).toBe(0)
  vi.restoreAllMocks()
  expect(stdout).toMatch(/^clymene test: [^]*\n {2}--expect path\n/)
})

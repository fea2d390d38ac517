import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import type { Inspect } from '@clymene/stages'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { dryRun, type DryRunOptions } from './dry-run.ts'
import { readLogConfigs } from './read-configs.ts'

let folder = ''
let ending: (() => Promise<void>) | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-dry-'))
  mkdirSync(scratch())
})
afterEach(async () => {
  await ending?.()
  ending = undefined
  rmSync(folder, { recursive: true })
})

const positions = (): string => join(folder, 'positions.yaml')
const log = (): string => join(folder, 'a.log')
const scratch = (): string => join(folder, 'scratch')

function start(options: Partial<DryRunOptions> = {}, stages = '[]') {
  const text = `
positions: {filename: ${positions()}}
scrape_configs:
  - job_name: j
    pipeline_stages: ${stages}
    static_configs: [{labels: {job: j, __path__: ${log()}}}]
`
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const printed: string[] = []
  const stop = new AbortController()
  const running = dryRun(
    {
      logConfigs: readLogConfigs([{ path: 'p.yml', text }], context),
      logLabels: [['env', 'test']],
      logBatch: { bytes: 1024, waitMs: 5 },
      cluster: 'c',
      streams: 1,
      storages: ['loki'],
      print: (lines) => {
        printed.push(...lines.trimEnd().split('\n'))
        return Promise.resolve()
      },
      scratch: scratch(),
      bufferFolder: scratch(),
      ...context,
      ...options,
    },
    stop.signal,
  )
  ending = async () => {
    stop.abort()
    await running
  }
  const lines = (): readonly string[] => printed.map((line) => line.split('\t').slice(2).join('\t'))
  const expectLines = (...expected: readonly string[]) => vi.waitFor(() => expect(lines()).toEqual(expected), { timeout: 10_000 })
  return { printed, expectLines, running, end: ending }
}

test('prints time, labels and line', async () => {
  writeFileSync(log(), '{"time":"2024-01-02T03:04:05.000000006Z","msg":"tab\\there"}\n')
  const stages =
    '[{json: {expressions: {time: time, msg: msg}}}, {timestamp: {source: time, format: RFC3339Nano}}, {output: {source: msg}}]'
  const { printed } = start({}, stages)
  await vi.waitFor(() => expect(printed).toHaveLength(1), { timeout: 10_000 })
  expect(printed).toEqual([`2024-01-02T03:04:05.000000006Z\t{cluster="c", env="test", filename="${log()}", job="j"}\ttab\there`])
})

test('prints lines of several streams as they were read', async () => {
  writeFileSync(log(), 'a 1\nb 2\na 3\nb 4\n')
  const { expectLines } = start({}, "[{regex: {expression: '^(?P<who>.)'}}, {labels: {who: ''}}]")
  await expectLines('a 1', 'b 2', 'a 3', 'b 4')
})

test('shows what stages do where somebody asks', async () => {
  writeFileSync(log(), 'one\n')
  const seen: string[] = []
  const inspect: Inspect = ({ stage, before, after }) => void seen.push(`${stage}: ${before?.line} ${after?.line}`)
  // A stage that is otherwise passed by: its lines are copied as they are.
  const { expectLines } = start({ reading: { inspect } }, '[{cri: {}}]')
  await expectLines('one')
  expect(seen).toEqual(['cri: one one'])
})

test('goes on as files grow', async () => {
  writeFileSync(log(), 'one\n')
  const { expectLines } = start()
  await expectLines('one')
  appendFileSync(log(), 'two\n')
  await expectLines('one', 'two')
})

test('leaves no positions where there were none, and no copies', async () => {
  writeFileSync(log(), 'one\n')
  const { expectLines, end } = start()
  await expectLines('one')
  expect(readdirSync(scratch())).toHaveLength(1)
  await end()
  expect(existsSync(positions())).toBe(false)
  expect(readdirSync(scratch())).toEqual([])
})

test('begins where the positions stand and leaves them so: the next run prints the same', async () => {
  writeFileSync(log(), 'one\ntwo\n')
  writeFileSync(positions(), `positions:\n  "${log()}": "4"\n`)
  const before = readFileSync(positions(), 'utf8')
  for (let run = 0; run < 2; run++) {
    const { expectLines, end } = start()
    await expectLines('two')
    await end()
    expect(readFileSync(positions(), 'utf8')).toBe(before)
  }
  expect(readdirSync(folder).toSorted()).toEqual(['a.log', 'positions.yaml', 'scratch'])
})

test('with several storages begins where the first of them stands', async () => {
  writeFileSync(log(), 'one\ntwo\n')
  writeFileSync(`${positions()}.loki`, `positions:\n  "${log()}": "4"\n`)
  writeFileSync(positions(), `positions:\n  "${log()}": "8"\n`)
  const { expectLines } = start({ storages: ['loki', 'elasticsearch'] })
  await expectLines('two')
})

test('with several storages of which the first has none of its own begins where the configuration has them', async () => {
  writeFileSync(log(), 'one\ntwo\n')
  writeFileSync(positions(), `positions:\n  "${log()}": "4"\n`)
  const { expectLines } = start({ storages: ['loki', 'elasticsearch'] })
  await expectLines('two')
})

test('ends when what is printed cannot be printed', async () => {
  writeFileSync(log(), 'one\n')
  const { running } = start({ print: () => Promise.reject(new Error('the pipe is closed')) })
  ending = undefined
  await expect(running).rejects.toThrow('the pipe is closed')
  expect(readdirSync(scratch())).toEqual([])
})

test('waits while nobody takes what is printed', async () => {
  writeFileSync(log(), 'one\n')
  const gate = Promise.withResolvers<void>()
  let calls = 0
  const { running } = start({
    print: () => {
      calls++
      return gate.promise
    },
  })
  await vi.waitFor(() => expect(calls).toBe(1), { timeout: 10_000 })
  for (let line = 0; line < 100; line++) appendFileSync(log(), `${'x'.repeat(100)}\n`)
  await expect(Promise.race([running, new Promise((resolve) => setTimeout(resolve, 50, 'still waiting'))])).resolves.toBe('still waiting')
  expect(calls).toBe(1)
  gate.resolve()
  await vi.waitFor(() => expect(calls).toBeGreaterThan(1), { timeout: 10_000 })
})

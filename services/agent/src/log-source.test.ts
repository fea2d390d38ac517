import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

import { createDiscoveryContext } from '@clymene/discovery'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { decodePushRequest } from '@clymene/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { createLogSource, positionsPathFor, type LogSourceOptions } from './log-source.ts'
import { readLogConfigs } from './read-configs.ts'
import { createReplaceableSource } from './replaceable-source.ts'

let folder = ''
let end: (() => Promise<void>) | undefined
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-logs-'))
})
afterEach(async () => {
  await end?.()
  end = undefined
  rmSync(folder, { recursive: true })
})

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })

/** A configuration of one job over one file, with further labels. */
function configOf(file: string, labels = ''): string {
  writeFileSync(join(folder, file), `a line of ${file}\n`)
  return `positions: {filename: ${folder}/${file}.positions}
scrape_configs: [{job_name: j, static_configs: [{labels: {__path__: ${folder}/${file}${labels}}}]}]`
}

function start(texts: readonly string[], options: Partial<LogSourceOptions> = {}) {
  const lines: string[] = []
  const streams = new Set<string>()
  const stop = new AbortController()
  const running = createLogSource({
    logConfigs: readLogConfigs(
      texts.map((text) => ({ path: 'p.yml', text })),
      context,
    ),
    logLabels: [],
    logBatch: { bytes: 1024, waitMs: 5 },
    cluster: '',
    streams: 1,
    positionsPath: (config) => positionsPathFor(config, 'loki', true),
    ...context,
    ...options,
  }).run(({ body, stream }) => {
    streams.add(stream)
    for (const { entries } of decodePushRequest(body)) lines.push(...entries.map(({ line }) => line))
    return Promise.resolve()
  }, stop.signal)
  end = async () => {
    stop.abort()
    await running
  }
  return { lines, streams, end }
}

const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 })

test('reads the files of all configurations, each with positions of its own', async () => {
  const { lines, end: finish } = start([configOf('a.log'), configOf('b.log')])
  await eventually(() => expect(lines.toSorted()).toEqual(['a line of a.log', 'a line of b.log']))
  await finish()
  for (const file of ['a.log', 'b.log']) expect(readFileSync(join(folder, `${file}.positions`), 'utf8')).toContain(`${folder}/${file}`)
})

describe('targets of another host are left to the agent there', () => {
  test.each<[name: string, options: Partial<LogSourceOptions>, own: string]>([
    ['by the name of this machine', {}, hostname()],
    ['by the name of the node, where it is told', { hostName: 'node-1' }, 'node-1'],
  ])('%s', async (_name, options, own) => {
    const { lines } = start([configOf('theirs.log', ', __host__: node-2'), configOf('own.log', `, __host__: ${own}`)], options)
    await eventually(() => expect(lines).toContain('a line of own.log'))
    expect(lines).toEqual(['a line of own.log'])
  })
})

test('two configurations send streams of their own, so that neither overtakes the other within one', async () => {
  const { lines, streams } = start([configOf('a.log'), configOf('b.log')])
  await eventually(() => expect(lines).toHaveLength(2))
  expect(streams.size).toBe(2)
})

test.each([
  ['the only storage has the file that is configured', true, '/p.yml'],
  ['one of several has its own', false, '/p.yml.loki'],
])('positions: %s', (_name, isOnly, expected) => {
  const [config] = readLogConfigs([{ path: 'p.yml', text: 'positions: {filename: /p.yml}' }], context)
  expect(positionsPathFor(config!, 'loki', isOnly)).toBe(expected)
})

describe('a reload', () => {
  const configs = (text: string) => readLogConfigs([{ path: 'p.yml', text }], context)
  const text = (settings = '', label = 'x', comment = ''): string => `positions: {filename: ${folder}/positions.yaml}
${settings}
scrape_configs: # ${comment}
  - {job_name: j, static_configs: [{labels: {__path__: ${folder}/*.log, label: ${label}}}]}`
  const sourceOf = (logConfigs: ReturnType<typeof configs>) =>
    createLogSource({
      logConfigs,
      logLabels: [],
      logBatch: { bytes: 4096, waitMs: 2 },
      cluster: '',
      streams: 1,
      positionsPath: (config) => config.positionsPath,
      ...context,
    })

  test.each<[name: string, changed: () => string, isTaken: boolean]>([
    ['nothing', () => text(), true],
    ['a comment', () => text('', 'x', 'new'), true],
    ['a job', () => text('', 'y'), true],
    ['no jobs', () => `positions: {filename: ${folder}/positions.yaml}`, true],
    ['the positions', () => text().replace('positions.yaml', 'other.yaml'), false],
    ['how often files are looked for', () => text('target_config: {sync_period: 30s}'), false],
    ['limits', () => text('limits_config: {max_line_size: 1KB}'), false],
  ])('is taken without a new source when only jobs change: %s', (_name, changed, isTaken) => {
    expect(sourceOf(configs(text())).reload(configs(changed()))).toBe(isTaken)
  })

  test.each<[name: string, changed: (text: string) => string, isSame: boolean]>([
    ['a comment', (before) => `# new\n${before}`, true],
    ['a label', (before) => before.replace('label: x', 'label: y'), false],
    ['stages', (before) => before.replace('job_name: j', 'job_name: j, pipeline_stages: [{cri: {}}]'), false],
  ])('a job is known by its text: %s', (_name, changed, isSame) => {
    const [before, after] = [text(), changed(text())].map((one) => configs(one)[0]?.jobs[0]?.fingerprint)
    expect(before).toBeDefined()
    expect(before === after).toBe(isSame)
  })

  test('loses and repeats nothing under load, also when the reader is made anew', async () => {
    let current = configs(text())
    const reader = createReplaceableSource(() => sourceOf(current))
    const stop = new AbortController()
    const lines: string[] = []
    const running = reader.run(async ({ body }) => {
      const found = decodePushRequest(body).flatMap(({ entries }) => entries.map(({ line }) => line))
      await new Promise((resolve) => setTimeout(resolve, 1))
      lines.push(...found)
    }, stop.signal)
    end = async () => {
      stop.abort()
      await running
    }
    const written: string[] = []
    for (let round = 0; round < 20; round++) {
      for (let turn = 0; turn < 5; turn++) {
        const batch = Array.from({ length: 50 }, (_, index) => `line ${written.length + index}`)
        written.push(...batch)
        appendFileSync(join(folder, 'a.log'), batch.map((line) => `${line}\n`).join(''))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      if (round % 5 === 0) {
        // Times of files come from a coarse clock.
        await new Promise((resolve) => setTimeout(resolve, 12))
        renameSync(join(folder, 'a.log'), join(folder, `a.log.${99 - round}`))
        writeFileSync(join(folder, 'a.log'), '')
      }
      current = configs(text(round % 3 === 0 ? `limits_config: {max_line_size: ${round + 1}KB}` : '', `round ${round}`))
      if (reader.current()?.reload(current) === false) reader.replace()
    }
    await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(written.length))
    await end()
    expect(lines).toEqual(written)
  })
})
